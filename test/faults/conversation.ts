// A client's open connection to an NLB, or its UDP session.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Where a client connects, and how. */
export interface Door {
  readonly kind: 'TCP' | 'TLS' | 'UDP';
  readonly address: string;
  readonly port: number;
  /** The server name for TLS. */
  readonly hostname: string;
  /** The trusted certificates, in PEM. The list may grow. */
  readonly trusted: readonly string[];
}

export interface Conversation extends Disposable {
  /** One exchange: a line or a datagram, and its answer. */
  ask(): Promise<string>;
  /** Whether the other side has ended it between two exchanges. */
  readonly ended: boolean;
}

/** Less than any retry of a client: a late answer is a failure. */
const patienceMs = 5000;

export async function openConversation(door: Door): Promise<Conversation> {
  if (door.kind === 'UDP') return datagrams(createSocket('udp4'), door);
  const { address: host, port, hostname: servername, trusted } = door;
  const socket =
    door.kind === 'TLS' ? connectTls({ host, port, servername, ca: [...trusted] }) : connect({ host, port });
  try {
    await once(socket, door.kind === 'TLS' ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return lines(socket);
}

function lines(socket: Socket): Conversation {
  let ended = false;
  let failure: Error | undefined;
  socket.once('end', () => {
    ended = true;
  });
  socket.on('error', (error) => {
    failure = error;
  });
  return {
    get ended() {
      return ended && failure === undefined;
    },
    ask: async () => {
      if (failure !== undefined) throw failure;
      const answer = firstOf(socket, 'data');
      socket.write('hello\n');
      return (await answer).trim();
    },
    [Symbol.dispose]: () => {
      socket.destroy();
    },
  };
}

const datagrams = (socket: DatagramSocket, { address, port }: Door): Conversation => ({
  ended: false,
  ask: async () => {
    const answer = firstOf(socket, 'message');
    socket.send('hello', port, address);
    return await answer;
  },
  [Symbol.dispose]: () => {
    socket.close();
  },
});

/** The next data. @throws if none arrives */
async function firstOf(socket: Socket | DatagramSocket, event: 'data' | 'message'): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const take = (data: Buffer): void => resolve(data.toString());
  const give = (error?: unknown): void =>
    reject(error instanceof Error ? error : new Error('closed without an answer'));
  const timer = setTimeout(() => reject(new Error('no answer')), patienceMs);
  socket.once(event, take).once('error', give).once('close', give);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off(event, take).off('error', give).off('close', give);
  }
}
