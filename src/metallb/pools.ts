// Which addresses a pool of MetalLB has, and which Services may have them, as MetalLB decides it.
import ipaddr from 'ipaddr.js';
import type { Service } from '../api/core.ts';
import type { IpAddressPool } from '../api/metallb.ts';
import { selects } from '../gateway/selector.ts';

/** The pool that has all of the addresses. @param addresses canonical */
export const poolOf = (pools: readonly IpAddressPool[], addresses: readonly string[]): IpAddressPool | undefined =>
  pools.find((pool) => addresses.every((address) => hasAddress(pool, address) && !avoids(pool, address)));

/** The pool has the address in one of its ranges, and gives it to no Service. */
export const avoids = ({ spec }: IpAddressPool, address: string): boolean =>
  spec.avoidBuggyIPs === true && /^[\d.]+\.(?:0|255)$/.test(address);

export const hasAddress = ({ spec }: IpAddressPool, address: string): boolean => {
  const bytes = ipaddr.parse(address).toByteArray();
  return spec.addresses.some((range) => {
    const ends = endsOf(range);
    return ends !== undefined && compare(ends[0], bytes) <= 0 && compare(bytes, ends[1]) <= 0;
  });
};

type Bytes = readonly number[];

/** The first and the last address. Undefined for a range that MetalLB refuses, too. */
function endsOf(range: string): readonly [Bytes, Bytes] | undefined {
  if (!range.includes('-')) {
    if (!ipaddr.isValidCIDR(range)) return undefined;
    const family = range.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
    const last = range.includes(':') ? lastOf(range) : ipaddr.IPv4.broadcastAddressFromCIDR(range).toByteArray();
    return [family.networkAddressFromCIDR(range).toByteArray(), last];
  }
  const [first = '', last = ''] = range.split('-').map((end) => end.trim());
  return ipaddr.isValid(first) && ipaddr.isValid(last)
    ? [ipaddr.parse(first).toByteArray(), ipaddr.parse(last).toByteArray()]
    : undefined;
}

/** The library has this for IPv4 only. */
function lastOf(cidr: string): Bytes {
  const [address, prefix] = ipaddr.parseCIDR(cidr);
  const mask = ipaddr.IPv6.subnetMaskFromPrefixLength(prefix).toByteArray();
  return address.toByteArray().map((byte, index) => byte | (~(mask[index] ?? 0) & 0xff));
}

/** Addresses of different families are never equal, because their lengths differ. */
function compare(a: Bytes, b: Bytes): number {
  if (a.length !== b.length) return a.length - b.length;
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** Why the pool's `serviceAllocation` leaves the Service out. Undefined if it does not. */
export function exclusion(
  { spec }: IpAddressPool,
  { metadata }: Service,
  namespaceLabels: Readonly<Record<string, string>>,
): 'namespace' | 'labels' | undefined {
  const { namespaces = [], namespaceSelectors = [], serviceSelectors = [] } = spec.serviceAllocation ?? {};
  const admits =
    namespaces.includes(metadata.namespace ?? '') ||
    namespaceSelectors.some((selector) => selects(selector, namespaceLabels));
  if (namespaces.length + namespaceSelectors.length > 0 && !admits) return 'namespace';
  const isSelected = serviceSelectors.some((selector) => selects(selector, metadata.labels));
  return serviceSelectors.length > 0 && !isSelected ? 'labels' : undefined;
}
