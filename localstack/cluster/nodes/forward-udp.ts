import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { familyOf } from '../../aws/ec2/family.ts';
import type { Endpoint, Forward } from './forwards.ts';
import type { Listening } from './services.ts';

/** After this silence a client counts as a new one, as with the kernel's connection tracking. */
const idleMs = 30_000;

interface Flow {
  readonly endpoint: Endpoint;
  readonly upstream: Socket;
  readonly idle: NodeJS.Timeout;
}

const socketFor = (address: string): Socket => createSocket(familyOf(address) === 'ipv6' ? 'udp6' : 'udp4');

/** Listens at a forward's address. A client's packets go to one endpoint while `isCurrent` accepts the endpoint. */
export async function forwardUdp(
  { address, port }: Forward,
  choose: () => Endpoint | undefined,
  isCurrent: (endpoint: Endpoint) => boolean,
): Promise<Listening> {
  const server = socketFor(address);
  const flows = new Map<string, Flow>();

  const end = (key: string): void => {
    const flow = flows.get(key);
    if (flow === undefined) return;
    clearTimeout(flow.idle);
    flow.upstream.close();
    flows.delete(key);
  };
  const begin = (key: string, client: string, from: number): Flow | undefined => {
    const endpoint = choose();
    // The packet is dropped.
    if (endpoint === undefined) return undefined;
    const upstream = socketFor(endpoint.address);
    const idle = setTimeout(() => end(key), idleMs).unref();
    upstream.on('message', (answer) => {
      idle.refresh();
      server.send(answer, from, client);
    });
    upstream.on('error', () => end(key));
    const flow = { endpoint, upstream, idle };
    flows.set(key, flow);
    return flow;
  };
  server.on('message', (message, { address: client, port: from }) => {
    const key = `${client}:${from}`;
    const known = flows.get(key);
    if (known && !isCurrent(known.endpoint)) end(key);
    const flow = flows.get(key) ?? begin(key, client, from);
    if (flow === undefined) return;
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
