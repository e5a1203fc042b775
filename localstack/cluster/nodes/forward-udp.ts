import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint, Forward } from './forwards.ts';
import type { Listening } from './services.ts';

/** A client that is silent for so long is another one after, as with the kernel's connection tracking. */
const idleMs = 30_000;

interface Flow {
  readonly upstream: Socket;
  readonly idle: NodeJS.Timeout;
}

/** Listens at a forward's place; what one client sends goes to one endpoint, as long as `isCurrent` says that it is one. */
export async function forwardUdp(
  { address, port }: Forward,
  choose: () => Endpoint,
  isCurrent: (endpoint: Endpoint) => boolean,
): Promise<Listening> {
  const server = createSocket('udp4');
  const flows = new Map<string, Flow & { readonly endpoint: Endpoint }>();

  const end = (key: string): void => {
    const flow = flows.get(key);
    if (flow === undefined) return;
    clearTimeout(flow.idle);
    flow.upstream.close();
    flows.delete(key);
  };
  server.on('message', (message, { address: client, port: from }) => {
    const key = `${client}:${from}`;
    const known = flows.get(key);
    if (known && !isCurrent(known.endpoint)) end(key);
    let flow = flows.get(key);
    if (flow === undefined) {
      const upstream = createSocket('udp4');
      upstream.on('message', (answer) => {
        flows.get(key)?.idle.refresh();
        server.send(answer, from, client);
      });
      upstream.on('error', () => end(key));
      flow = { upstream, endpoint: choose(), idle: setTimeout(() => end(key), idleMs).unref() };
      flows.set(key, flow);
    }
    flow.idle.refresh();
    flow.upstream.send(message, flow.endpoint.port, flow.endpoint.address);
  });
  server.bind({ address, port });
  await once(server, 'listening');
  server.on('error', () => {});
  return {
    close: () => {
      for (const key of flows.keys()) end(key);
      server.close();
    },
  };
}
