// CIDR blocks as AWS stores them: without host bits, IPv6 in its shortest lower-case form (RFC 5952).
import ipaddr from 'ipaddr.js';

/** Anything else is returned unchanged. */
export function canonicalCidr(cidr: string): string {
  if (!ipaddr.isValidCIDR(cidr)) return cidr;
  const [address, prefix] = ipaddr.parseCIDR(cidr);
  const family = address.kind() === 'ipv6' ? ipaddr.IPv6 : ipaddr.IPv4;
  return `${family.networkAddressFromCIDR(cidr).toString()}/${prefix}`;
}

export const isIpv6Cidr = (cidr: string): boolean => cidr.includes(':');

/** IPv4 first, then by address, then the wider block: the order of a list must not depend on how it was written. */
export function compareCidrs(a: string, b: string): number {
  const [left, right] = [sortKey(a), sortKey(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function sortKey(cidr: string): string {
  const [address, prefix] = ipaddr.parseCIDR(cidr);
  const numbers = [...address.toByteArray(), prefix].map((byte) => String(byte).padStart(3, '0'));
  return `${address.kind()} ${numbers.join('')}`;
}
