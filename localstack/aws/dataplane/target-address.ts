// The real addresses of targets.
import ipaddr from 'ipaddr.js';
import type { Target, TargetGroup } from '../elbv2/state.ts';
import type { World } from '../world.ts';

type Block = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, prefix: number];

/** Replaces addresses of one block by those of another, at the same offset. */
export interface AddressMapping {
  readonly from: Block;
  readonly to: Block;
}

/** Reads `10.0.0.0/16=127.10.0.0/16`. @throws an Error that says what is wrong. */
export function parseMapping(text: string): AddressMapping {
  const [from, to] = text
    .split('=')
    .map((each): Block | undefined => (ipaddr.isValidCIDR(each) ? ipaddr.parseCIDR(each) : undefined));
  if (from && to && from[0].kind() === to[0].kind() && from[1] === to[1]) return { from, to };
  throw new Error(`Expected FROM=TO, two IPv4 or two IPv6 blocks of one size, got '${text}'`);
}

/** Applies the first mapping with the address. Without a mapping the address stays. */
export const mapAddress = (mappings: readonly AddressMapping[], address: string): string =>
  mappedAddress(mappings, address) ?? address;

/** Undefined without a mapping. */
export function mappedAddress(mappings: readonly AddressMapping[], address: string): string | undefined {
  if (mappings.length === 0 || !ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.parse(address);
  const mapping = mappings.find(({ from }) => parsed.kind() === from[0].kind() && parsed.match(from[0], from[1]));
  if (!mapping) return undefined;
  const [to, prefix] = mapping.to;
  const bytes = to.toByteArray().map((byte, index) => {
    const fixed = Math.min(8, Math.max(0, prefix - 8 * index));
    const host = 0xff >> fixed;
    return (byte & ~host) | ((parsed.toByteArray()[index] ?? 0) & host);
  });
  return ipaddr.fromByteArray(bytes).toString();
}

/** The VPC address of a client's real address. */
export function unmapAddress(mappings: readonly AddressMapping[], address: string): string {
  return mapAddress(
    mappings.map(({ from, to }) => ({ from: to, to: from })),
    address,
  );
}

/** The VPC address of a target: for an instance its primary address of the group's IP version. Undefined if it has none. */
export function privateAddress(
  world: World,
  group: Pick<TargetGroup, 'targetType' | 'ipAddressType'>,
  target: Pick<Target, 'id'>,
): string | undefined {
  if (group.targetType !== 'instance') return target.id;
  const [primary] = world.ec2.instances.get(target.id)?.networkInterfaceIds ?? [];
  const found = primary === undefined ? undefined : world.ec2.networkInterfaces.get(primary);
  return group.ipAddressType === 'ipv6' ? found?.ipv6Addresses[0] : found?.privateIpAddresses[0];
}
