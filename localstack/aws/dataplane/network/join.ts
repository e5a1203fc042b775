// Two connections that are one.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Where the system can, the other side learns at once that the connection is gone. */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * What one side sends the other gets, the end of its sending included; a side that fails takes the other with it. Without
 * a byte for so long both are reset.
 */
export function join(client: Socket, target: Socket, idleMs: number): void {
  tie(client, target);
  tie(target, client);
  client.setTimeout(idleMs, () => {
    reset(client);
    reset(target);
  });
}

function tie(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on('error', () => reset(to));
  from.once('close', () => {
    const isDone = from.readableEnded && from.writableFinished;
    if (!isDone) reset(to);
  });
}
