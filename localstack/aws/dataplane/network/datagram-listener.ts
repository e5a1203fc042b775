// A UDP listener at the address of one zone.
import { createSocket, type Socket } from 'node:dgram';
import { familyOf } from '../../ec2/family.ts';
import type { Arrival, Endpoint } from './arrival.ts';
import type { Carrier } from './carrier.ts';
import { isNotOurs } from './dial.ts';
import type { Flow } from './flows.ts';
import type { Opened } from './opened.ts';
import type { Lost } from './stream-listener.ts';

/** "Elastic Load Balancing sets the idle timeout value for UDP flows to 120 seconds." */
const idleMs = 120_000;

interface Session {
  readonly flow: Flow;
  readonly idle: NodeJS.Timeout;
  readonly socket: Promise<Socket | undefined>;
}

export class DatagramListener implements Opened {
  readonly settled: Promise<void>;
  error: string | undefined;
  readonly #place: Omit<Arrival, 'client' | 'protocol'>;
  readonly #carrier: Carrier;
  readonly #lost: Lost;
  readonly #idleMs: number;
  readonly #server: Socket;
  /** By the client's address and port. Packets of a flow go to one target. */
  readonly #sessions = new Map<string, Session>();

  constructor(place: Omit<Arrival, 'client' | 'protocol'>, carrier: Carrier, lost: Lost, idle = idleMs) {
    this.#place = place;
    this.#carrier = carrier;
    this.#lost = lost;
    this.#idleMs = idle;
    this.#server = createSocket(socketType(place.own.address));
    this.#server.on('message', (message, { address, port }) => this.#receive(message, { address, port }));
    this.settled = new Promise((resolve) => {
      this.#server.on('error', (error) => {
        this.error = error.message;
        resolve();
      });
      this.#server.bind(place.own.port, place.own.address, resolve);
    });
  }

  #receive(message: Buffer, client: Endpoint): void {
    const session = this.#sessions.get(keyOf(client)) ?? this.#open({ ...this.#place, client, protocol: 'udp' });
    if (!session) return;
    session.idle.refresh();
    // If a target does not accept a packet, it is lost.
    void session.socket.then((socket) => socket?.send(message, () => {}));
  }

  /** Undefined if nobody accepts the packet: it is dropped. */
  #open(arrival: Arrival): Session | undefined {
    if (!this.#carrier.admits(arrival)) return undefined;
    const way = this.#carrier.way(arrival);
    if (way.kind !== 'to') return undefined;
    const key = keyOf(arrival.client);
    const { choice, place, sources } = way;
    const end = (): void => this.#end(key);
    const socket = this.#connect(arrival, { address: place.address, port: place.socketPort }, sources, end);
    const flow = { arrival, choice, cut: end };
    const session = { flow, idle: setTimeout(end, this.#idleMs).unref(), socket };
    this.#sessions.set(key, session);
    this.#carrier.flows.add(flow);
    return session;
  }

  async #connect(
    { client }: Arrival,
    to: Endpoint,
    sources: readonly string[],
    end: () => void,
  ): Promise<Socket | undefined> {
    try {
      const { socket, source } = await boundSocket(to, sources);
      if (sources[0] === client.address && source !== sources[0]) this.#lost(client.address, source);
      socket.on('message', (message) => {
        this.#sessions.get(keyOf(client))?.idle.refresh();
        this.#server.send(message, client.port, client.address, () => {});
      });
      return socket;
    } catch {
      end();
      return undefined;
    }
  }

  #end(key: string): void {
    const session = this.#sessions.get(key);
    if (!session) return;
    this.#sessions.delete(key);
    this.#carrier.flows.delete(session.flow);
    clearTimeout(session.idle);
    void session.socket.then((socket) => socket?.close());
  }

  refresh(): void {}

  close(): void {
    this.#server.close();
    for (const key of this.#sessions.keys()) this.#end(key);
  }

  destroy(): void {
    this.close();
  }
}

const socketType = (address: string) => (familyOf(address) === 'ipv6' ? 'udp6' : 'udp4');

const keyOf = ({ address, port }: Endpoint): string => `${address}:${port}`;

interface Bound {
  readonly socket: Socket;
  readonly source: string | undefined;
}

/** Sends from the first source that the system allows, else from the system's own choice. */
async function boundSocket(to: Endpoint, sources: readonly string[]): Promise<Bound> {
  const [source, ...others] = sources;
  const socket = createSocket(socketType(to.address));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', resolve);
      const connect = (): void => socket.connect(to.port, to.address);
      if (source === undefined) socket.bind(connect);
      else socket.bind(0, source, connect);
    });
    // If a target refuses, the socket emits an error. The packets are lost, nothing else happens.
    socket.removeAllListeners('error').on('error', () => {});
    return { socket, source };
  } catch (error) {
    socket.removeAllListeners('error').on('error', () => {});
    socket.close();
    if (source === undefined || !isNotOurs(error)) throw error;
    return await boundSocket(to, others);
  }
}
