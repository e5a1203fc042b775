// What a Gateway asks for in `spec.addresses`, one wish for each address.
import { POOL_ADDRESS_TYPE } from '../api/metallb.ts';
import type { ServiceSettings } from '../api/proxy-configuration.ts';
import type { RequestedAddress } from '../gateway/topology.ts';
import { canonicalAddress } from './ip-address.ts';
import type { AddressMalformed, PoolNotAllowed } from './problem.ts';
import type { Wish } from './wish.ts';

export interface Wishes {
  readonly wishes: readonly Wish[];
  readonly problems: readonly (AddressMalformed | PoolNotAllowed)[];
}

/** A wish that cannot be is left out. A Gateway without addresses wishes for any. */
export function wishesOf(
  requested: readonly RequestedAddress[],
  { pool, allowedPools }: Pick<ServiceSettings, 'pool' | 'allowedPools'>,
): Wishes {
  const wishes: Wish[] = [];
  const problems: Wishes['problems'][number][] = [];
  const allowed = [...new Set([...(pool === undefined ? [] : [pool]), ...allowedPools])];
  const ofClass = pool === undefined ? {} : { pool };
  const seen = new Set<string>();
  for (const { field, type, value } of requested) {
    if (type === POOL_ADDRESS_TYPE) {
      if (value === pool || allowedPools.includes(value)) wishes.push({ field, pool: value });
      else problems.push({ kind: 'pool-not-allowed', field, pool: value, allowed });
      continue;
    }
    const address = canonicalAddress(value);
    if (address === undefined) problems.push({ kind: 'address-malformed', field, value });
    else if (!seen.has(address)) wishes.push({ field, address, ...ofClass });
    if (address !== undefined) seen.add(address);
  }
  return { wishes: requested.length === 0 ? [ofClass] : wishes, problems };
}
