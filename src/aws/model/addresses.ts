// IP addresses as targets: which are in the VPC, and which AWS accepts.
import ipaddr from 'ipaddr.js';

/** The address as AWS writes it. An IPv6 address may be written in several ways. */
export const canonicalAddress = (address: string): string =>
  address.includes(':') && ipaddr.IPv6.isValid(address) ? ipaddr.IPv6.parse(address).toString() : address;

/** The block as AWS writes it; any other text as it is. */
export function canonicalBlock(block: string): string {
  const [address = '', ...bits] = block.split('/');
  return [canonicalAddress(address), ...bits].join('/');
}

export const isInstance = (id: string): boolean => id.startsWith('i-');

type Block = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

const isWithin = (address: ipaddr.IPv4 | ipaddr.IPv6, blocks: readonly Block[]): boolean =>
  blocks.some(([base, prefix]) => base.kind() === address.kind() && address.match(base, prefix));

const blocksOf = (cidrs: readonly string[]): readonly Block[] =>
  cidrs.filter((cidr) => ipaddr.isValidCIDR(cidr)).map((cidr) => ipaddr.parseCIDR(cidr));

/** Whether AWS reserves the IPv4 address: the first four of a subnet, and the last one. No subnet of AWS is smaller than /28. */
export const isReserved = (address: string, cidrBlocks: readonly string[]): boolean =>
  blocksOf(cidrBlocks)
    .filter(([base, prefix]) => base.kind() === 'ipv4' && prefix <= 28)
    .some(([base, prefix]) => {
      const cidr = `${base.toString()}/${prefix}`;
      const first = numberOf(ipaddr.IPv4.networkAddressFromCIDR(cidr));
      const offset = numberOf(ipaddr.IPv4.parse(address)) - first;
      return (offset >= 0 && offset < 4) || offset === 2 ** (32 - prefix) - 1;
    });

const numberOf = ({ octets }: ipaddr.IPv4): number => octets.reduce((sum, octet) => sum * 256 + octet, 0);

/** AWS accepts these outside of the VPC's subnets. docs: /elasticloadbalancing/latest/application/load-balancer-target-groups.html */
const takenOutside = blocksOf(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16']);

/** Addresses that are never sent to a network. */
const hostOnly: ReadonlySet<string> = new Set(['loopback', 'linkLocal', 'multicast', 'unspecified', 'broadcast']);

/**
 * `inside`: in a subnet of the VPC, because AWS compares with the subnets, not with the VPC's blocks. `outside`: for example in a
 * peered VPC or on premises, and AWS must be told. Otherwise a load balancer cannot reach the address.
 */
export type Whereabouts = 'inside' | 'outside' | 'public' | 'host-only' | 'malformed';

export type Where = (address: string) => Whereabouts;

/** @param cidrBlocks of the VPC's subnets */
export function whereabouts(cidrBlocks: readonly string[]): Where {
  const subnets = blocksOf(cidrBlocks);
  return (address) => {
    if (!ipaddr.isValid(address)) return 'malformed';
    const parsed = ipaddr.parse(address);
    if (isWithin(parsed, subnets)) return 'inside';
    if (hostOnly.has(parsed.range())) return 'host-only';
    // Only AWS knows whether a public IPv6 address belongs to a peered VPC.
    return parsed.kind() === 'ipv6' || isWithin(parsed, takenOutside) ? 'outside' : 'public';
  };
}
