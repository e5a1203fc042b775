// Joins two connections.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Resets the connection if the system can, so that the other side notices at once. */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * Copies all bytes between the two sides, and the end of each direction. If one side fails, the other is reset too. After
 * this time without a byte, both are reset.
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
