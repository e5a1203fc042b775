import { address6, blockSize, canonicalBlock6, parseBlock4, toAddress } from '../ec2/addresses.ts';

/** More than anyone takes. */
const maxSize = 2 ** 16;

/** Assigns addresses of a block. Unused addresses come before freed ones, so that a stale address reaches nobody. */
export class AddressPool {
  readonly #addressAt: (offset: number) => string;
  readonly #first: number;
  /** How many addresses there are, from the first. */
  readonly #usable: number;
  readonly #taken = new Set<string>();
  #turn = 0;

  /** @throws an Error if it is not a block. */
  constructor(cidr: string) {
    const block4 = parseBlock4(cidr);
    const block6 = canonicalBlock6(cidr);
    if (block4) {
      this.#addressAt = (offset) => toAddress(block4.base + offset);
      this.#first = 1;
      this.#usable = blockSize(block4) - 2;
    } else if (block6 !== undefined) {
      const size = Math.min(2 ** (128 - Number(block6.replace(/^.*\//, ''))), maxSize);
      this.#addressAt = (offset) => address6(block6, offset);
      // A block of one address is that address.
      this.#first = size === 1 ? 0 : 1;
      this.#usable = size === 1 ? 1 : size - 2;
    } else {
      throw new Error(`Expected the load balancers' addresses to be an IPv4 or IPv6 block, got '${cidr}'`);
    }
  }

  /** Undefined if none is free. The first and last address of a larger block are never used. */
  take(): string | undefined {
    for (let step = 0; step < this.#usable; step += 1) {
      const address = this.#addressAt(this.#first + (this.#turn % this.#usable));
      this.#turn += 1;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return address;
    }
    return undefined;
  }

  release(address: string): void {
    this.#taken.delete(address);
  }
}
