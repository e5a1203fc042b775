// The demo's connections from the machine outside of the cluster, over TCP, UDP and TLS, and its gRPC call. The pods answer with JSON.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import type { Client } from './cluster/outside/client.ts';
import { type Connection, connectionsOnAny } from './demo-connections.ts';
import { answerOf } from './demo-traffic.ts';
import { requestHttp2 } from './grpc.ts';

const connections: readonly Connection[] = [
  ...connectionsOnAny,
  { gateway: 'names-gateway', protocol: 'tls', hostname: 'queue.example.com', port: 443, service: 'broker' },
  { gateway: 'names-gateway', protocol: 'tls', hostname: 'ledger.example.com', port: 443, service: 'vault' },
];

/** Of the datagrams by weight, at least so many for each Service: 80% and 20%, and some chance. */
const shares: Readonly<Record<string, number>> = { syslog: 20, 'syslog-new': 2 };
const datagrams = 40;

const answerMs = 5000;

export interface Connecting {
  readonly client: Client;
  readonly addressOf: (gateway: string) => string;
  /** The certificate authority of the samples' certificate, in PEM. */
  readonly ca: string;
  readonly signal: AbortSignal;
}

/** What a pod says about itself. */
interface Echo {
  readonly service: string;
  readonly pod: string;
  /** Whether the pod itself ended TLS. */
  readonly isTLS?: boolean;
}

/** Prints one line per connection: who answered. @returns whether all answers were correct. */
export async function connectFromOutside(connecting: Connecting, say: (line: string) => void): Promise<boolean> {
  let right = true;
  for (const connection of connections) {
    const { protocol, hostname, port, service } = connection;
    const answer = await answerTo(connection, connecting).catch(String);
    const isRight = typeof answer !== 'string' && answer.service === service;
    const told = typeof answer === 'string' ? answer : words(answer);
    say(`${protocol}://${hostname}:${port} → ${told}${isRight ? '' : ` WRONG, expected ${service}`}`);
    right &&= isRight;
  }
  return (await sendByWeight(connecting, say)) && right;
}

const words = ({ service, pod, isTLS = false }: Echo): string =>
  `${service} from ${pod}${isTLS ? ', which ended TLS itself' : ''}`;

async function answerTo(
  { gateway, protocol, hostname, port }: Connection,
  { client, addressOf, ca, signal }: Connecting,
): Promise<Echo> {
  const address = addressOf(gateway);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  switch (protocol) {
    case 'udp':
      return JSON.parse(await client.ask(address, port, 'who is there?', limit));
    case 'tcp':
      return await talk(await client.connect(address, port), limit);
    case 'tls': {
      const socket = connectTls({ socket: await client.connect(address, port), ca, servername: hostname });
      return await talk(socket, limit);
    }
    case 'grpc': {
      const call = { origin: `https://${address}`, host: hostname, path: '/shop.v1.Orders/Create' };
      const socket = await client.connect(address, port);
      // The pods of the samples know no gRPC method: they answer what they got, over HTTP/2.
      const { body } = await requestHttp2({ ...call, socket, method: 'POST', contentType: 'application/grpc' });
      const { text, pod = '' } = answerOf(JSON.parse(body.toString()));
      return { service: text.replace(` ${call.path}`, ''), pod };
    }
  }
  return protocol satisfies never;
}

/** A pod greets, and answers TEST with one line of JSON. */
async function talk(socket: Socket, signal: AbortSignal): Promise<Echo> {
  const lines = createInterface(socket);
  const failed = once(socket, 'error', { signal }).then(([error]) => Promise.reject(error));
  try {
    socket.write('TEST\n');
    return await Promise.race([failed, echoIn(lines)]);
  } finally {
    socket.destroy();
  }
}

async function echoIn(lines: AsyncIterable<string>): Promise<Echo> {
  for await (const line of lines) if (line.startsWith('{')) return JSON.parse(line);
  throw new Error('the connection ended');
}

/** Each datagram is of a new client. */
async function sendByWeight({ client, addressOf, signal }: Connecting, say: (line: string) => void): Promise<boolean> {
  const address = addressOf('names-gateway');
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs * 4)]);
  const answers: Echo[] = [];
  for (let count = 0; count < datagrams; count += 1)
    answers.push(JSON.parse(await client.ask(address, 514, 'a line', limit)));
  const byService = Map.groupBy(answers, ({ service }) => service);
  const isRight = Object.entries(shares).every(([service, least]) => (byService.get(service)?.length ?? 0) >= least);
  const told = [...byService].map(([service, { length }]) => `${length} × ${service}`).join(', ');
  say(`udp://syslog.example.com:514 → ${told}${isRight ? '' : ' WRONG, expected 80% syslog, 20% syslog-new'}`);
  return isRight;
}
