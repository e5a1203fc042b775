// Connections that have not shown a good token yet. They are few, and end soon: anybody in the cluster can make them.
import type { Socket } from 'node:net';

const MAX_OF_ADDRESS = 50;
const MAX_IN_ALL = 1_000;
/** A handshake, a request, and the review of its token. */
const PROOF_MS = 15_000;

/** What connections and requests both know. */
type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>;

const peerOf = ({ remoteAddress, remotePort }: Peer): string => `${remoteAddress} ${remotePort}`;

export class Strangers {
  readonly #proofMs: number;
  /** By peer, what ends the connection. */
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #byAddress = new Map<string, number>();

  constructor(proofMs = PROOF_MS) {
    this.#proofMs = proofMs;
  }

  /** Ends the connection if there are too many, or if it does not prove itself. */
  add(socket: Socket): void {
    const peer = peerOf(socket);
    const { remoteAddress: address = '' } = socket;
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= MAX_OF_ADDRESS || this.#timers.size >= MAX_IN_ALL) {
      socket.destroy();
      return;
    }
    this.#byAddress.set(address, count + 1);
    this.#timers.set(
      peer,
      setTimeout(() => socket.destroy(), this.#proofMs),
    );
    socket.once('close', () => this.#forget(peer, address));
  }

  /** The connection has shown a good token. */
  prove(peer: Peer): void {
    this.#forget(peerOf(peer), peer.remoteAddress ?? '');
  }

  #forget(peer: string, address: string): void {
    clearTimeout(this.#timers.get(peer));
    if (!this.#timers.delete(peer)) return;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}
