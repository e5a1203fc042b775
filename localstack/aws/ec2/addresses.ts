// IPv4 and IPv6 blocks, and the addresses in them.

import ipaddr from 'ipaddr.js';

export interface Block4 {
  /** The first address, as a number. */
  readonly base: number;
  readonly prefix: number;
}

/** The canonical form of a block, as in AWS: host bits cleared. Undefined if it is not an IPv4 block. */
export function parseBlock4(cidr: string): Block4 | undefined {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr)) return undefined;
  const [address, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  const value = toNumber(address.toString());
  const size = 2 ** (32 - prefix);
  return { base: Math.floor(value / size) * size, prefix };
}

export function formatBlock4(block: Block4): string {
  return `${toAddress(block.base)}/${block.prefix}`;
}

export function blockSize(block: Block4): number {
  return 2 ** (32 - block.prefix);
}

export function contains(outer: Block4, inner: Block4): boolean {
  return inner.prefix >= outer.prefix && inner.base >= outer.base && inner.base < outer.base + blockSize(outer);
}

export function overlaps(a: Block4, b: Block4): boolean {
  return contains(a, b) || contains(b, a);
}

/** Undefined if it is not an IPv4 address. */
export function parseAddress4(address: string): number | undefined {
  return ipaddr.IPv4.isValidFourPartDecimal(address) ? toNumber(address) : undefined;
}

export function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** An IPv6 block in AWS's format: compressed, host bits cleared. Undefined if it is not a block. */
export function canonicalBlock6(cidr: string): string | undefined {
  if (!ipaddr.IPv6.isValidCIDR(cidr)) return undefined;
  const [, prefix] = ipaddr.IPv6.parseCIDR(cidr);
  return `${ipaddr.IPv6.networkAddressFromCIDR(cidr).toString()}/${prefix}`;
}

export function contains6(outer: string, inner: string): boolean {
  const [outerAddress, outerPrefix] = ipaddr.IPv6.parseCIDR(outer);
  const [innerAddress, innerPrefix] = ipaddr.IPv6.parseCIDR(inner);
  return innerPrefix >= outerPrefix && innerAddress.match(outerAddress, outerPrefix);
}

/** The address at offset `host` in an IPv6 block; `host` is below 2^32. */
export function address6(cidr: string, host: number): string {
  const bytes = ipaddr.IPv6.parseCIDR(cidr)[0].toByteArray();
  for (const index of [0, 1, 2, 3])
    bytes[15 - index] = (bytes[15 - index] ?? 0) | (Math.floor(host / 256 ** index) % 256);
  return ipaddr.fromByteArray(bytes).toString();
}
