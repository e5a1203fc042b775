// The demo's connections over TCP, UDP and TLS to the samples' ports, and its gRPC call. Pods answer `SERVICE POD`.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import type { Fetching } from './demo-traffic.ts';
import { callGrpc } from './grpc.ts';

export interface Connection {
  readonly gateway: string;
  readonly protocol: 'tcp' | 'udp' | 'tls' | 'grpc';
  /** TLS sends it as the server name, gRPC as the host. TCP and UDP only show it. */
  readonly hostname: string;
  readonly port: number;
  readonly service: string;
}

export const connectionsOnAny: readonly Connection[] = [
  { gateway: 'main-gateway', protocol: 'grpc', hostname: 'grpc.example.com', port: 443, service: 'orders' },
  { gateway: 'network-gateway', protocol: 'tcp', hostname: 'database.example.com', port: 5432, service: 'database' },
  { gateway: 'network-gateway', protocol: 'tcp', hostname: 'dns.example.com', port: 53, service: 'dns' },
  { gateway: 'network-gateway', protocol: 'udp', hostname: 'dns.example.com', port: 53, service: 'dns' },
  { gateway: 'tls-gateway', protocol: 'tls', hostname: 'broker.example.com', port: 8883, service: 'broker' },
  { gateway: 'tls-gateway', protocol: 'tls', hostname: 'vault.example.com', port: 8443, service: 'vault' },
];

const connections: readonly Connection[] = [
  ...connectionsOnAny,
  { gateway: 'mixed-gateway', protocol: 'grpc', hostname: 'mixed-grpc.example.com', port: 443, service: 'orders' },
  { gateway: 'mixed-gateway', protocol: 'tcp', hostname: 'mixed.example.com', port: 5432, service: 'database' },
  { gateway: 'mixed-gateway', protocol: 'udp', hostname: 'mixed.example.com', port: 53, service: 'dns' },
];

const answerMs = 5000;

/** Prints one line per connection: who answered. @returns whether all answers were correct. */
export async function connectToSamples(fetching: Fetching, say: (line: string) => void): Promise<boolean> {
  let right = true;
  for (const connection of connections) {
    const { protocol, hostname, port, service } = connection;
    const answer = await answerTo(connection, fetching).catch(String);
    const isRight = answer.startsWith(`${service} `);
    say(`${protocol}://${hostname}:${port} → ${answer}${isRight ? '' : ` WRONG, expected ${service}`}`);
    right &&= isRight;
  }
  return right;
}

async function answerTo(
  { gateway, protocol, hostname, port }: Connection,
  { reachable, ca, signal }: Fetching,
): Promise<string> {
  const found = reachable(gateway);
  const listener = found?.listeners.find((each) => each.port === port);
  if (!found || !listener) return 'nobody';
  const [host, at] = [found.address, listener.socketPort];
  switch (protocol) {
    case 'udp':
      return await askUdp(host, at, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]));
    case 'tcp':
      return await text(connect({ host, port: at, signal }));
    case 'tls':
      return await text(connectTls({ host, port: at, ca, servername: hostname }));
    case 'grpc':
      return await callGrpc({ origin: `https://${host}:${at}`, host: hostname, path: '/shop.v1.Orders/Create' });
  }
  return protocol satisfies never;
}

async function askUdp(host: string, port: number, signal: AbortSignal): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.send('who is there?', port, host);
    return String((await once(socket, 'message', { signal }))[0]);
  } finally {
    socket.close();
  }
}
