// Pods that answer TCP and UDP with their Service's name, and clients of an NLB.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type AddressMapping, mapAddress } from '../../../localstack/aws/dataplane/target-address.ts';

/** An answering pod at its mapped address. TCP answers as soon as a client connects, UDP to each datagram. */
export async function startPod(mappings: readonly AddressMapping[], address: string, port: number, name: string) {
  const host = mapAddress(mappings, address);
  const tcp = createServer((socket) => socket.on('error', () => socket.destroy()).end(name));
  tcp.listen(port, host);
  await once(tcp, 'listening');
  const udp = createSocket('udp4');
  udp.on('message', (_, client) => udp.send(name, client.port, client.address));
  udp.bind(port, host);
  await once(udp, 'listening');
  return {
    stop: () => {
      tcp.close();
      udp.close();
    },
  };
}

/** The answer on a new connection, until the other side ends it. */
export async function askTcp(host: string, port: number): Promise<string> {
  return await answerOf(connect({ host, port }));
}

/** The answer to a request on a new connection. */
export async function askHttp(host: string, port: number): Promise<string> {
  const sent = request({ host, port, agent: false, timeout: 5000 });
  sent.on('timeout', () => sent.destroy(new Error('No answer'))).end();
  const [answer]: IncomingMessage[] = await once(sent, 'response');
  const parts: Buffer[] = [];
  for await (const part of answer ?? []) parts.push(Buffer.from(part));
  if (answer?.statusCode !== 200) throw new Error(`Answered ${answer?.statusCode}`);
  return Buffer.concat(parts).toString();
}

/** @param ca in PEM */
export async function askTls(host: string, port: number, servername: string, ca: string): Promise<string> {
  return await answerOf(connectTls({ host, port, servername, ca }));
}

async function answerOf(socket: ReturnType<typeof connect>): Promise<string> {
  socket.setTimeout(5000, () => socket.destroy(new Error('No answer')));
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString();
}

/** The answer to one datagram. */
export async function askUdp(address: string, port: number): Promise<string> {
  const socket = createSocket('udp4');
  const timer = setTimeout(() => socket.emit('error', new Error('No answer')), 3000);
  try {
    socket.send('hello', port, address);
    const [answer]: unknown[] = await once(socket, 'message');
    return String(answer);
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

/** Asks again and again until it is stopped. @returns the answers, and the failures */
export function keepAsking(ask: () => Promise<string>, pauseMs = 10) {
  const answers = new Map<string, number>();
  const failures: string[] = [];
  const end = new AbortController();
  const done = (async () => {
    while (!end.signal.aborted) {
      await ask().then(
        (answer) => answers.set(answer, (answers.get(answer) ?? 0) + 1),
        (error: unknown) => failures.push(String(error)),
      );
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();
  return {
    answers,
    stop: async (): Promise<readonly string[]> => {
      end.abort();
      await done;
      return failures;
    },
  };
}
