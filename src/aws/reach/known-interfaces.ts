// The known network interfaces, indexed by everything that callers look up: instance ids, addresses and prefixes.
import { canonicalAddress, isInstance } from '../model/addresses.ts';
import { type Interface, prefixOf } from '../network/interfaces.ts';

export class Known {
  /** The instances whose interfaces were read. */
  readonly read = new Set<string>();
  readonly #interfaces = new Map<string, Interface>();
  readonly #owners = new Map<string, string>();

  all(): readonly Interface[] {
    return [...this.#interfaces.values()];
  }

  has(id: string): boolean {
    return this.#interfaces.has(id);
  }

  put(nic: Interface): void {
    this.drop(nic.id);
    this.#interfaces.set(nic.id, nic);
    for (const key of keysOf(nic)) this.#owners.set(key, nic.id);
  }

  drop(id: string): void {
    const nic = this.#interfaces.get(id);
    if (nic === undefined) return;
    this.#interfaces.delete(id);
    for (const key of keysOf(nic)) if (this.#owners.get(key) === id) this.#owners.delete(key);
  }

  /** @param id an instance id, or an address */
  of(id: string): Interface | undefined {
    if (isInstance(id)) return this.primary(id);
    const address = canonicalAddress(id);
    return this.#ownerOf(address) ?? this.#ownerOf(prefixOf(address));
  }

  primary(instance: string): Interface | undefined {
    return this.#ownerOf(instance);
  }

  sameAs(other: Known): boolean {
    const described = (known: Known) => new Set(known.all().map((nic) => JSON.stringify(nic)));
    return sameSet(described(this), described(other));
  }

  #ownerOf(key: string): Interface | undefined {
    return this.#interfaces.get(this.#owners.get(key) ?? '');
  }
}

const keysOf = ({ instance, primary, addresses, prefixes }: Interface): readonly string[] => [
  ...(primary && instance !== undefined ? [instance] : []),
  ...addresses.map(canonicalAddress),
  ...prefixes,
];

export const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => a.symmetricDifference(b).size === 0;
