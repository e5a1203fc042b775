import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import {
  type Block4,
  blockSize,
  canonicalBlock6,
  contains,
  contains6,
  formatBlock4,
  overlaps,
  parseAddress4,
  parseBlock4,
  toAddress,
} from './addresses.ts';
import { usableZones, type Zone } from './availability-zones.ts';
import { answer, select } from './describe.ts';
import { dependencyViolation, invalidValue, missingParameter } from './errors.ts';
import type { FilterTable } from './filters.ts';
import { find, idKinds, newId } from './ids.ts';
import { flag, record, requiredText, text } from './parameters.ts';
import { delegatedAddresses } from './prefixes.ts';
import type { CidrAssociation, Ec2State, Subnet, Tags, Vpc } from './state.ts';
import { newTags, tagSet, tagsFor } from './tag-specifications.ts';

export interface SubnetSpec {
  readonly vpcId: string;
  readonly cidrBlock: string;
  /** A /64 of the VPC's own. */
  readonly ipv6CidrBlock?: string | undefined;
  /** A zone's name or id; default: the first zone. */
  readonly availabilityZone?: string | undefined;
  readonly outpostArn?: string | undefined;
  readonly tags?: Tags;
}

/**
 * AWS reserves the first four addresses of a subnet, and the last address.
 * docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
 */
const reservedFirst = 4;
const reserved = 5;

export function createSubnet(world: World, spec: SubnetSpec): Subnet {
  const { ec2 } = world;
  const vpc = find(idKinds.vpc, ec2.vpcs, spec.vpcId);
  const zone = zoneOf(world, spec.availabilityZone);
  const block = subnetBlock(ec2, vpc, spec.cidrBlock);
  const subnet: Subnet = {
    id: newId(ec2, 'subnet'),
    vpcId: vpc.id,
    cidrBlock: formatBlock4(block),
    ipv6: spec.ipv6CidrBlock === undefined ? undefined : subnetIpv6(ec2, vpc, spec.ipv6CidrBlock),
    availabilityZone: zone.name,
    availabilityZoneId: zone.id,
    outpostArn: outpostOf(world, spec),
    mapPublicIpOnLaunch: false,
    tags: spec.tags ?? newTags(),
  };
  ec2.subnets.set(subnet.id, subnet);
  return subnet;
}

function zoneOf(world: World, wanted: string | undefined): Zone {
  const zones = usableZones(world);
  const zone = zones.find(({ name, id }) => wanted === undefined || wanted === name || wanted === id);
  if (zone === undefined) {
    throw invalidValue(
      `Value (${wanted}) for parameter availabilityZone is invalid. ` +
        `Subnets can currently only be created in the following availability zones: ${zones.map(({ name }) => name).join(', ')}.`,
    );
  }
  return zone;
}

/**
 * "If you specify an Outpost ARN, you must also specify the Availability Zone of the Outpost subnet." Here every Outpost exists.
 */
function outpostOf(
  { region, accountId }: World,
  { outpostArn: arn, availabilityZone }: SubnetSpec,
): string | undefined {
  if (arn === undefined) return undefined;
  if (availabilityZone === undefined) throw missingParameter('availabilityZone');
  const prefix = `arn:aws:outposts:${region}:${accountId}:outpost/`;
  if (arn.startsWith(prefix) && /^op-[0-9a-f]{17}$/.test(arn.slice(prefix.length))) return arn;
  throw invalidValue(`Value (${arn}) for parameter outpostArn is invalid.`);
}

function subnetBlock(ec2: Ec2State, vpc: Vpc, cidr: string): Block4 {
  const block = parseBlock4(cidr);
  if (block === undefined) {
    throw invalidValue(`Value (${cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`);
  }
  const vpcBlock = parseBlock4(vpc.cidrBlock);
  if (block.prefix < 16 || block.prefix > 28 || vpcBlock === undefined || !contains(vpcBlock, block)) {
    throw new AwsError('InvalidSubnet.Range', `The CIDR '${cidr}' is invalid.`);
  }
  for (const other of ec2.subnets.values()) {
    const otherBlock = other.vpcId === vpc.id ? parseBlock4(other.cidrBlock) : undefined;
    if (otherBlock !== undefined && overlaps(block, otherBlock)) {
      throw new AwsError('InvalidSubnet.Conflict', `The CIDR '${cidr}' conflicts with another subnet`);
    }
  }
  return block;
}

function subnetIpv6(ec2: Ec2State, vpc: Vpc, cidr: string): CidrAssociation {
  const block = canonicalBlock6(cidr);
  if (block === undefined) throw invalidValue(`Value (${cidr}) for parameter ipv6CidrBlock is invalid.`);
  if (!block.endsWith('/64') || vpc.ipv6 === undefined || !contains6(vpc.ipv6.cidrBlock, block)) {
    throw new AwsError('InvalidSubnet.Range', `The CIDR '${cidr}' is invalid.`);
  }
  if ([...ec2.subnets.values()].some((other) => other.ipv6?.cidrBlock === block)) {
    throw new AwsError('InvalidSubnet.Conflict', `The CIDR '${cidr}' conflicts with another subnet`);
  }
  return { associationId: newId(ec2, 'subnet-cidr-assoc'), cidrBlock: block };
}

export function createSubnetAction(world: World, input: Input): Output {
  const vpcId = requiredText(input, 'VpcId');
  const cidrBlock = text(input, 'CidrBlock');
  if (cidrBlock === undefined) throw missingParameter('cidrBlock');
  const subnet = createSubnet(world, {
    vpcId,
    cidrBlock,
    ipv6CidrBlock: text(input, 'Ipv6CidrBlock'),
    availabilityZone: text(input, 'AvailabilityZone') ?? text(input, 'AvailabilityZoneId'),
    outpostArn: text(input, 'OutpostArn'),
    tags: tagsFor(input, 'subnet'),
  });
  return { subnet: view(world, subnet) };
}

export function deleteSubnet(world: World, input: Input): Output {
  const { ec2 } = world;
  const subnet = find(idKinds.subnet, ec2.subnets, requiredText(input, 'SubnetId'));
  if ([...ec2.networkInterfaces.values()].some(({ subnetId }) => subnetId === subnet.id)) {
    throw dependencyViolation(`The subnet '${subnet.id}' has dependencies and cannot be deleted.`);
  }
  for (const table of ec2.routeTables.values()) {
    table.associations = table.associations.filter(({ subnetId }) => subnetId !== subnet.id);
  }
  ec2.subnets.delete(subnet.id);
  return { return: true };
}

export function modifySubnetAttribute(world: World, input: Input): Output {
  const subnet = find(idKinds.subnet, world.ec2.subnets, requiredText(input, 'SubnetId'));
  const map = record(input, 'MapPublicIpOnLaunch');
  if (map !== undefined) subnet.mapPublicIpOnLaunch = flag(map, 'Value') ?? false;
  return { return: true };
}

export function describeSubnets(world: World, input: Input): Output {
  const free = freeAddressCounts(world.ec2);
  const page = select(input, {
    kind: idKinds.subnet,
    idParameter: 'SubnetId',
    records: world.ec2.subnets,
    filters: filters(world, free),
  });
  return answer('subnetSet', page, (subnet) => view(world, subnet, free));
}

/** The number of free addresses of each subnet, by its id. */
export function freeAddressCounts(ec2: Ec2State): ReadonlyMap<string, number> {
  const free = new Map([...ec2.subnets.values()].map((subnet) => [subnet.id, capacity(subnet)]));
  for (const each of ec2.networkInterfaces.values()) {
    const held = each.privateIpAddresses.length + delegatedAddresses(each).length;
    free.set(each.subnetId, (free.get(each.subnetId) ?? 0) - held);
  }
  return free;
}

function capacity(subnet: Subnet): number {
  const block = parseBlock4(subnet.cidrBlock);
  return block === undefined ? 0 : blockSize(block) - reserved;
}

/** The lowest free addresses of a subnet. @throws InsufficientFreeAddressesInSubnet */
export function freeAddresses(ec2: Ec2State, subnet: Subnet, count: number, taken: readonly string[] = []): string[] {
  const used = new Set([...usedAddresses(ec2, subnet), ...taken]);
  const block = parseBlock4(subnet.cidrBlock);
  const found: string[] = [];
  if (block !== undefined) {
    const end = block.base + blockSize(block) - 1;
    for (let value = block.base + reservedFirst; value < end && found.length < count; value += 1) {
      const address = toAddress(value);
      if (!used.has(address)) found.push(address);
    }
  }
  if (found.length < count) {
    throw new AwsError(
      'InsufficientFreeAddressesInSubnet',
      `The specified subnet does not have enough free addresses to satisfy the request.`,
    );
  }
  return found;
}

/** @throws if an address can't be used: it is outside the subnet, reserved by AWS, or in use. */
export function checkAddressFree(ec2: Ec2State, subnet: Subnet, address: string): void {
  const value = parseAddress4(address);
  const block = parseBlock4(subnet.cidrBlock);
  if (value === undefined || block === undefined)
    throw invalidValue(`Value (${address}) for parameter address is invalid.`);
  const offset = value - block.base;
  if (offset < 0 || offset >= blockSize(block)) {
    throw invalidValue(`Address ${address} does not fall within the subnet's address range`);
  }
  if (offset < reservedFirst || offset === blockSize(block) - 1) {
    throw invalidValue(`Address ${address} is in subnet's reserved address range`);
  }
  if (usedAddresses(ec2, subnet).has(address)) {
    throw new AwsError('InvalidIPAddress.InUse', `Address ${address} is in use.`);
  }
}

/** The addresses of a subnet that are in use, or reserved by AWS. */
export function takenAddresses(ec2: Ec2State, subnet: Subnet): ReadonlySet<string> {
  const { base } = parseBlock4(subnet.cidrBlock) ?? { base: 0 };
  const last = base + capacity(subnet) + reserved - 1;
  const own = Array.from({ length: reservedFirst }, (_, offset) => base + offset);
  return new Set([...usedAddresses(ec2, subnet), ...[...own, last].map(toAddress)]);
}

function usedAddresses(ec2: Ec2State, subnet: Subnet): ReadonlySet<string> {
  const used = new Set<string>();
  for (const each of ec2.networkInterfaces.values()) {
    if (each.subnetId !== subnet.id) continue;
    for (const address of [...each.privateIpAddresses, ...delegatedAddresses(each)]) used.add(address);
  }
  return used;
}

function filters(world: World, free: ReadonlyMap<string, number>): FilterTable<Subnet> {
  return {
    'subnet-id': (subnet) => subnet.id,
    'subnet-arn': (subnet) => arnOf(world, subnet),
    'vpc-id': (subnet) => subnet.vpcId,
    'availability-zone': (subnet) => subnet.availabilityZone,
    availabilityZone: (subnet) => subnet.availabilityZone,
    'availability-zone-id': (subnet) => subnet.availabilityZoneId,
    availabilityZoneId: (subnet) => subnet.availabilityZoneId,
    'available-ip-address-count': (subnet) => free.get(subnet.id),
    cidr: (subnet) => subnet.cidrBlock,
    cidrBlock: (subnet) => subnet.cidrBlock,
    'cidr-block': (subnet) => subnet.cidrBlock,
    'default-for-az': () => false,
    defaultForAz: () => false,
    'ipv6-cidr-block-association.ipv6-cidr-block': (subnet) => subnet.ipv6?.cidrBlock,
    'ipv6-cidr-block-association.association-id': (subnet) => subnet.ipv6?.associationId,
    'ipv6-cidr-block-association.state': (subnet) => (subnet.ipv6 === undefined ? undefined : 'associated'),
    'ipv6-native': () => false,
    'map-public-ip-on-launch': (subnet) => subnet.mapPublicIpOnLaunch,
    'outpost-arn': (subnet) => subnet.outpostArn,
    'owner-id': () => world.accountId,
    state: () => 'available',
  };
}

function arnOf(world: World, subnet: Subnet): string {
  return `arn:aws:ec2:${world.region}:${world.accountId}:subnet/${subnet.id}`;
}

function view(world: World, subnet: Subnet, free = freeAddressCounts(world.ec2)): Output {
  return {
    subnetId: subnet.id,
    subnetArn: arnOf(world, subnet),
    vpcId: subnet.vpcId,
    ownerId: world.accountId,
    state: 'available',
    cidrBlock: subnet.cidrBlock,
    ipv6CidrBlockAssociationSet:
      subnet.ipv6 === undefined
        ? []
        : [
            {
              associationId: subnet.ipv6.associationId,
              ipv6CidrBlock: subnet.ipv6.cidrBlock,
              ipv6CidrBlockState: { state: 'associated' },
            },
          ],
    availableIpAddressCount: free.get(subnet.id) ?? 0,
    availabilityZone: subnet.availabilityZone,
    availabilityZoneId: subnet.availabilityZoneId,
    outpostArn: subnet.outpostArn,
    defaultForAz: false,
    mapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch,
    assignIpv6AddressOnCreation: false,
    mapCustomerOwnedIpOnLaunch: false,
    enableDns64: false,
    ipv6Native: false,
    privateDnsNameOptionsOnLaunch: {
      hostnameType: 'ip-name',
      enableResourceNameDnsARecord: false,
      enableResourceNameDnsAAAARecord: false,
    },
    tagSet: tagSet(subnet.tags),
  };
}
