// What a Gateway asks for in `spec.addresses`, one wish for each address.
import { POOL_ADDRESS_TYPE } from '../api/metallb.ts';
import type { RequestedAddress } from '../gateway/topology.ts';
import { canonicalAddress } from './ip-address.ts';
import type { AddressMalformed, PoolNotAllowed } from './problem.ts';
import type { ServiceSettings } from './service-options.ts';

export interface Wish {
  /** A path below the Gateway's spec. Absent if the Gateway asks for no address. */
  readonly field?: string;
  /** Canonical. Absent for any address. */
  readonly address?: string;
  /** Absent for any pool. */
  readonly pool?: string;
}

export interface Wishes {
  readonly wishes: readonly Wish[];
  readonly problems: readonly (AddressMalformed | PoolNotAllowed)[];
}

/** A wish that cannot be is left out. If there is none at all, any address will do. */
export function wishesOf(
  requested: readonly RequestedAddress[],
  { pool, pools = [] }: Pick<ServiceSettings, 'pool' | 'pools'>,
): Wishes {
  const wishes: Wish[] = [];
  const problems: Wishes['problems'][number][] = [];
  const ofClass = pool === undefined ? {} : { pool };
  const seen = new Set<string>();
  for (const { field, type, value } of requested) {
    if (type === POOL_ADDRESS_TYPE) {
      if (value === pool || pools.includes(value)) wishes.push({ field, pool: value });
      else
        problems.push({
          kind: 'pool-not-allowed',
          field,
          pool: value,
          allowed: [...new Set([...(pool === undefined ? [] : [pool]), ...pools])],
        });
      continue;
    }
    const address = canonicalAddress(value);
    if (address === undefined) problems.push({ kind: 'address-malformed', field, value });
    else if (!seen.has(address)) wishes.push({ field, address, ...ofClass });
    if (address !== undefined) seen.add(address);
  }
  return { wishes: requested.length === 0 ? [ofClass] : wishes, problems };
}
