import { blockSize, parseBlock4, toAddress } from '../ec2/addresses.ts';

/** Assigns addresses of a block. Unused addresses come before freed ones, so that a stale address reaches nobody. */
export class AddressPool {
  readonly #base: number;
  readonly #size: number;
  readonly #taken = new Set<string>();
  #last = 0;

  /** @throws an Error if it is not an IPv4 block. */
  constructor(cidr: string) {
    const block = parseBlock4(cidr);
    if (!block) throw new Error(`Expected the load balancers' addresses to be an IPv4 block, got '${cidr}'`);
    this.#base = block.base;
    this.#size = blockSize(block);
  }

  /** Undefined if none is free. The block's first and last address are never used. */
  take(): string | undefined {
    const usable = this.#size - 2;
    for (let step = 0; step < usable; step += 1) {
      this.#last = (this.#last % usable) + 1;
      const address = toAddress(this.#base + this.#last);
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
