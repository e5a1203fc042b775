// Connections from Network Load Balancers to the Application Load Balancers behind them. An ALB sees the client's address, but
// its security groups treat the connections as the NLB's.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Both ends are in this process. Their events come within this time of each other, in any order. */
const bothEndsMs = 20;

export class OwnConnections {
  /** `ADDRESS PORT` of the end that the NLB has. */
  readonly #ends = new Set<string>();

  /** @param socket connected, or about to be */
  async add(socket: Socket): Promise<void> {
    if (socket.connecting) {
      const connected = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      if (!connected) return;
    }
    const end = `${socket.localAddress} ${socket.localPort}`;
    this.#ends.add(end);
    socket.once('close', () => this.#ends.delete(end));
  }

  /** @param socket the other end, just accepted */
  async has({ remoteAddress, remotePort }: Socket): Promise<boolean> {
    const end = `${remoteAddress} ${remotePort}`;
    if (!this.#ends.has(end)) await sleep(bothEndsMs);
    return this.#ends.has(end);
  }
}
