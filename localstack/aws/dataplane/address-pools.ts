import type { Family } from '../ec2/family.ts';
import type { LoadBalancer } from '../elbv2/state.ts';
import { AddressPool } from './address-pool.ts';
import type { DataPlaneOptions } from './options.ts';

/** The addresses of load balancers, by family. */
export class AddressPools {
  readonly #pools: Readonly<Partial<Record<Family, AddressPool>>>;

  constructor({ addresses, addresses6 }: DataPlaneOptions) {
    const ipv6 = addresses6 === undefined ? {} : { ipv6: new AddressPool(addresses6) };
    this.#pools = { ipv4: new AddressPool(addresses), ...ipv6 };
  }

  /** The families of a load balancer's addresses. */
  familiesOf({ ipAddressType }: LoadBalancer): readonly Family[] {
    return ipAddressType === 'ipv4' || !this.#pools.ipv6 ? ['ipv4'] : ['ipv4', 'ipv6'];
  }

  /** Undefined if none is free. */
  take(family: Family): string | undefined {
    return this.#pools[family]?.take();
  }

  release(address: string): void {
    for (const pool of Object.values(this.#pools)) pool.release(address);
  }
}
