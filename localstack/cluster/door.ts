// Connects the machine's network to an API server inside a sandbox. A socket stays in the network namespace where it was
// created, also when another process uses it. So the outside creates the listening socket, and the inside accepts from it.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

export interface Handed {
  /** The same port on both sides, so that one kubeconfig works for both. */
  readonly port: number;
  /** The process to enter with `nsenter`: its pid outside. */
  readonly pid: number;
  close(): void;
}

interface Message {
  readonly kind: 'door';
  readonly port: number;
  readonly pid: number;
}

/** Outside: listens on loopback, by default at any free port, and passes the socket on. */
export async function handDoor(inside: ChildProcess, port = 0): Promise<void> {
  const server = createServer();
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`Expected a TCP address, got ${address}`);
  const message: Message = { kind: 'door', port: address.port, pid: inside.pid ?? 0 };
  // The inside accepts the connections.
  inside.send(message, server, () => server.close());
}

/** Inside: forwards connections from outside to the same port here. */
export async function receiveDoor(): Promise<Handed> {
  const { promise, resolve } = Promise.withResolvers<readonly [Message, Server]>();
  const listener = (message: Message, server: Server): void => {
    if (message.kind === 'door') resolve([message, server]);
  };
  process.on('message', listener);
  process.channel?.ref();
  const [{ port, pid }, server] = await promise;
  process.off('message', listener);
  process.channel?.unref();
  server.on('connection', (client) => {
    const upstream = connect({ host: '127.0.0.1', port });
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  return { port, pid, close: () => void server.close() };
}
