import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Endpoint, Forward } from './forwards.ts';
import type { Listening } from './services.ts';

/** Listens at a forward's place; each connection goes to the endpoint that `choose` names then. */
export async function forwardTcp({ address, port }: Forward, choose: () => Endpoint): Promise<Listening> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    const { address: host, port: to } = choose();
    const upstream = connect({ host, port: to, allowHalfOpen: true, noDelay: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.pipe(other);
      // Whatever one side met, the other one meets a reset, as it would with no one between.
      socket.on('error', () => other.resetAndDestroy());
    }
    client.resume();
  });
  await once(server.listen({ host: address, port, backlog: 1024 }), 'listening');
  // What is open goes on, as with kube-proxy; it ends with its pod.
  return { close: () => void server.close() };
}
