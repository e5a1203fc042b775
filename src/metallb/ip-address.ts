// IP addresses in the form that Kubernetes writes: IPv6 in its shortest lower-case form (RFC 5952).
import ipaddr from 'ipaddr.js';
import type { IpFamily } from '../gateway/backend-service.ts';

/** Undefined if it is not an address. A zone, such as `%eth0`, is not part of an address. */
export function canonicalAddress(written: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(written)) return ipaddr.parse(written).toString();
  if (!written.includes(':') || written.includes('%') || !ipaddr.IPv6.isValid(written)) return undefined;
  const address = ipaddr.IPv6.parse(written);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
}

/** @param address canonical */
export const familyOf = (address: string): IpFamily => (address.includes(':') ? 'IPv6' : 'IPv4');
