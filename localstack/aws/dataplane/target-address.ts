// The real addresses of targets.
import { type Block4, blockSize, parseAddress4, parseBlock4, toAddress } from '../ec2/addresses.ts';
import type { Target, TargetGroup } from '../elbv2/state.ts';
import type { World } from '../world.ts';

/** Replaces addresses of one block by those of another, at the same offset. */
export interface AddressMapping {
  readonly from: Block4;
  readonly to: Block4;
}

/** Reads `10.0.0.0/16=127.10.0.0/16`. @throws an Error that says what is wrong. */
export function parseMapping(text: string): AddressMapping {
  const [from, to] = text.split('=').map(parseBlock4);
  if (from && to && from.prefix === to.prefix) return { from, to };
  throw new Error(`Expected FROM=TO, two IPv4 blocks of one size, got '${text}'`);
}

/** Applies the first mapping with the address. Without a mapping the address stays. */
export function mapAddress(mappings: readonly AddressMapping[], address: string): string {
  const value = parseAddress4(address);
  if (value === undefined) return address;
  const mapping = mappings.find(({ from }) => value >= from.base && value < from.base + blockSize(from));
  return mapping ? toAddress(mapping.to.base + value - mapping.from.base) : address;
}

/** The VPC address of a client's real address. */
export function unmapAddress(mappings: readonly AddressMapping[], address: string): string {
  return mapAddress(
    mappings.map(({ from, to }) => ({ from: to, to: from })),
    address,
  );
}

/** The VPC address of a target: for an instance its primary private address. Undefined if it has none. */
export function privateAddress(
  world: World,
  group: Pick<TargetGroup, 'targetType'>,
  target: Pick<Target, 'id'>,
): string | undefined {
  if (group.targetType !== 'instance') return target.id;
  const [primary] = world.ec2.instances.get(target.id)?.networkInterfaceIds ?? [];
  return primary === undefined ? undefined : world.ec2.networkInterfaces.get(primary)?.privateIpAddresses[0];
}
