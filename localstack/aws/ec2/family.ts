// IPv4 or IPv6.
import { isIPv6 } from 'node:net';

export type Family = 'ipv4' | 'ipv6';

export const familyOf = (address: string): Family => (isIPv6(address) ? 'ipv6' : 'ipv4');

/** `ADDRESS:PORT`, as in a URL. */
export const hostPort = (address: string, port: number): string =>
  familyOf(address) === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`;
