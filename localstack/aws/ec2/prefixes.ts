// Prefixes of a network interface: blocks of its subnet. All their addresses belong to the interface.
// docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html
import ipaddr from 'ipaddr.js';
import { AwsError } from '../service.ts';
import {
  type Block4,
  blockSize,
  canonicalBlock6,
  contains,
  contains6,
  formatBlock4,
  parseBlock4,
  toAddress,
} from './addresses.ts';
import { invalidValue } from './errors.ts';
import type { NetworkInterface, Subnet } from './state.ts';

const length4 = 28;
const length6 = 80;

/**
 * The named prefixes of a subnet, and the lowest `free` others.
 * @param taken addresses that can't be in a prefix
 * @throws if a prefix can't be used
 */
export function freePrefixes(
  subnet: Subnet,
  taken: ReadonlySet<string>,
  named: readonly string[],
  free: number,
): string[] {
  const outer = parseBlock4(subnet.cidrBlock);
  const isFree = (block: Block4): boolean => addressesOf(block).every((each) => !taken.has(each));
  const found = named.map((cidr) => {
    const block = parseBlock4(cidr);
    if (block?.prefix !== length4 || outer === undefined || !contains(outer, block) || formatBlock4(block) !== cidr) {
      throw invalidValue(`Value (${cidr}) for parameter ipv4Prefix is invalid.`);
    }
    if (!isFree(block)) throw new AwsError('InvalidIPAddress.InUse', `Some addresses of ${cidr} are in use.`);
    return cidr;
  });
  const end = outer === undefined ? 0 : outer.base + blockSize(outer);
  for (let base = outer?.base ?? 0; base < end && found.length < named.length + free; base += 16) {
    const block = { base, prefix: length4 };
    const cidr = formatBlock4(block);
    if (isFree(block) && !found.includes(cidr)) found.push(cidr);
  }
  if (found.length === named.length + free) return found;
  throw new AwsError('InsufficientCidrBlocks', 'The specified subnet does not have enough free cidr blocks.');
}

/** @throws if it is not a /80 of the subnet */
export function checkPrefixes6(subnet: Subnet, named: readonly string[]): void {
  for (const cidr of named) {
    const isOurs =
      subnet.ipv6 !== undefined && canonicalBlock6(cidr) === cidr && contains6(subnet.ipv6.cidrBlock, cidr);
    if (!isOurs || !cidr.endsWith(`/${length6}`)) {
      throw invalidValue(`Value (${cidr}) for parameter ipv6Prefix is invalid.`);
    }
  }
}

const addressesOf = (block: Block4): string[] =>
  Array.from({ length: blockSize(block) }, (_, offset) => toAddress(block.base + offset));

/** All addresses in the IPv4 prefixes of an interface. */
export const delegatedAddresses = ({ ipv4Prefixes }: NetworkInterface): string[] =>
  ipv4Prefixes.flatMap((cidr) => {
    const block = parseBlock4(cidr);
    return block === undefined ? [] : addressesOf(block);
  });

/** Whether an address is the interface's own, or in one of its prefixes. */
export function hasAddress(made: NetworkInterface, address: string): boolean {
  if (made.privateIpAddresses.includes(address) || made.ipv6Addresses.includes(address)) return true;
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  return [...made.ipv4Prefixes, ...made.ipv6Prefixes].some((cidr) => {
    const block = ipaddr.parseCIDR(cidr);
    return parsed.kind() === block[0].kind() && parsed.match(block);
  });
}
