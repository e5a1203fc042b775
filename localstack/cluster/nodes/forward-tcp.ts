import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Endpoint, Forward } from './forwards.ts';
import type { Listening } from './services.ts';

/** Clients repeat a dropped SYN after this time. */
const synRetryMs = 1_000;

/** Listens at a forward's address. For each connection, `choose` names the endpoint; undefined means that its SYN is dropped. */
export async function forwardTcp({ address, port }: Forward, choose: () => Endpoint | undefined): Promise<Listening> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    const endpoint = choose();
    if (endpoint !== undefined) forward(client, endpoint);
    else whenChosen(client, choose);
  });
  await once(server.listen({ host: address, port, backlog: 1024 }), 'listening');
  // Open connections continue, as with kube-proxy. They end with their pod.
  return { close: () => void server.close() };
}

function forward(client: Socket, { address: host, port }: Endpoint): void {
  const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true });
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    socket.pipe(other);
    // If one side fails, the other one gets a reset, as without a proxy.
    socket.on('error', () => other.resetAndDestroy());
  }
  client.resume();
}

function whenChosen(client: Socket, choose: () => Endpoint | undefined): void {
  const given = new AbortController();
  const timer = setInterval(() => {
    const endpoint = choose();
    if (endpoint === undefined) return;
    given.abort();
    forward(client, endpoint);
  }, synRetryMs);
  given.signal.addEventListener('abort', () => clearInterval(timer));
  client.once('error', () => client.destroy()).once('close', () => given.abort());
}
