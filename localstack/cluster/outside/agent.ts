// node agent.ts SOCKET: a process in the client's network namespace. It does what the client asks for over a Unix socket, which
// every network namespace reaches.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, isIPv6, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../run.ts';
import { type Answer, lineFrom, type Order } from './order.ts';

const neighbourPollMs = 50;

const [, , path] = process.argv;

createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  void serve(socket).catch((error: NodeJS.ErrnoException) => {
    if (!socket.writable) return;
    socket.end(line({ kind: 'failed', message: error.message, code: error.code }));
  });
}).listen(path);

const line = (answer: Answer): string => `${JSON.stringify(answer)}\n`;

async function serve(socket: Socket): Promise<void> {
  const order: Order = JSON.parse(await lineFrom(socket));
  switch (order.kind) {
    case 'connect':
      await tunnel(socket, order.address, order.port);
      return;
    case 'ask': {
      const over = new AbortController();
      socket.once('close', () => over.abort());
      const text = await answerTo(order, over.signal);
      socket.end(line({ kind: 'done', text }));
      return;
    }
    case 'who-has':
      socket.end(line({ kind: 'done', text: (await macOf(order.address)) ?? '' }));
      return;
    default:
      order satisfies never;
  }
}

async function tunnel(socket: Socket, address: string, port: number): Promise<void> {
  const upstream = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
  socket.once('close', () => upstream.destroy());
  await once(upstream, 'connect');
  upstream.on('error', () => socket.destroy());
  socket.write(line({ kind: 'done', text: '' }));
  upstream.pipe(socket);
  socket.pipe(upstream);
}

/** Sends a datagram until it is answered. */
async function answerTo({ address, port, message, retryMs }: Extract<Order, { kind: 'ask' }>, signal: AbortSignal) {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  // A port that nobody listens at is an error of the next send.
  socket.on('error', () => {});
  const again = setInterval(() => socket.send(message, port, address, () => {}), retryMs);
  try {
    socket.send(message, port, address, () => {});
    const [answer] = await once(socket, 'message', { signal });
    return String(answer);
  } finally {
    clearInterval(again);
    socket.close();
  }
}

interface Neighbour {
  readonly lladdr?: string;
  readonly state: readonly string[];
}

/** Asks the link anew who has the address. */
async function macOf(address: string): Promise<string | undefined> {
  await run('ip', ['neigh', 'flush', 'to', address]);
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('error', () => {});
  try {
    // The kernel asks before it can send. Nobody needs to listen at the port.
    socket.send('', 9, address, () => {});
    for (;;) {
      await sleep(neighbourPollMs);
      const [found]: readonly Neighbour[] = JSON.parse(await run('ip', ['-json', 'neigh', 'show', 'to', address]));
      if (found?.lladdr !== undefined) return found.lladdr;
      if (found === undefined || found.state.includes('FAILED')) return undefined;
    }
  } finally {
    socket.close();
  }
}
