import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Endpoint, Forward } from './forwards.ts';
import type { Listening } from './services.ts';

/** Listens at a forward's address. For each connection, `choose` names the endpoint. */
export async function forwardTcp({ address, port }: Forward, choose: () => Endpoint): Promise<Listening> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    const { address: host, port: to } = choose();
    const upstream = connect({ host, port: to, allowHalfOpen: true, noDelay: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.pipe(other);
      // If one side fails, the other one gets a reset, as without a proxy.
      socket.on('error', () => other.resetAndDestroy());
    }
    client.resume();
  });
  await once(server.listen({ host: address, port, backlog: 1024 }), 'listening');
  // Open connections continue, as with kube-proxy. They end with their pod.
  return { close: () => void server.close() };
}
