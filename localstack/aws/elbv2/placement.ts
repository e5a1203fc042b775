// Where a load balancer stands: its subnets and security groups, checked against EC2.
import { freeAddressCounts } from '../ec2/subnets.ts';
import { AwsError, type Input } from '../service.ts';
import type { World } from '../world.ts';
import { invalidConfiguration, validationError } from './errors.ts';
import { records, requiredText, text, texts } from './input.ts';
import type { LoadBalancerType, SubnetMapping } from './state.ts';

export interface Placement {
  readonly vpcId: string;
  readonly subnets: readonly SubnetMapping[];
}

function readMappings(input: Input): readonly Omit<SubnetMapping, 'zone'>[] {
  const subnets = texts(input, 'Subnets') ?? [];
  const mappings = records(input, 'SubnetMappings') ?? [];
  if (subnets.length > 0 && mappings.length > 0) {
    throw validationError('You must specify either subnets or subnet mappings, but not both');
  }
  if (subnets.length + mappings.length === 0) throw validationError('At least one subnet must be specified');
  if (subnets.length > 0) return subnets.map((subnetId) => ({ subnetId }));
  return mappings.map((mapping) => ({
    subnetId: requiredText(mapping, 'SubnetId'),
    allocationId: text(mapping, 'AllocationId'),
    privateIPv4Address: text(mapping, 'PrivateIPv4Address'),
    iPv6Address: text(mapping, 'IPv6Address'),
    sourceNatIpv6Prefix: text(mapping, 'SourceNatIpv6Prefix'),
  }));
}

/** Reads Subnets or SubnetMappings. An Application Load Balancer needs two zones, and any has one subnet a zone. */
export function placementOf(world: World, input: Input, type: LoadBalancerType): Placement {
  const found = readMappings(input).map((mapping) => {
    const subnet = world.ec2.subnets.get(mapping.subnetId);
    if (!subnet) throw new AwsError('SubnetNotFound', `The subnet ID '${mapping.subnetId}' does not exist`);
    return { mapping: { ...mapping, zone: subnet.availabilityZone }, vpcId: subnet.vpcId };
  });
  const vpcs = new Set(found.map(({ vpcId }) => vpcId));
  const [vpcId] = vpcs;
  if (vpcs.size !== 1 || vpcId === undefined) throw invalidConfiguration('All subnets must be in the same VPC');
  const subnets = found.map(({ mapping }) => mapping);
  const zones = new Set(subnets.map(({ zone }) => zone));
  if (zones.size < subnets.length) {
    const message = 'A load balancer cannot be attached to multiple subnets in the same Availability Zone';
    throw invalidConfiguration(message);
  }
  if (type === 'application' && zones.size < 2) {
    throw validationError('At least two subnets in two different Availability Zones must be specified');
  }
  return { vpcId, subnets };
}

const minFreeAddresses = 8;

/**
 * "Each subnet must have at least eight free IP addresses" (application/application-load-balancers.html), unless its
 * address is given (network/network-load-balancers.html).
 */
export function checkRoom(world: World, mappings: readonly SubnetMapping[]): void {
  const free = freeAddressCounts(world.ec2);
  for (const { subnetId: id, privateIPv4Address } of mappings) {
    if (privateIPv4Address !== undefined || (free.get(id) ?? 0) >= minFreeAddresses) continue;
    const message = `Not enough IP space available in ${id}. ELB requires at least ${minFreeAddresses} free IP addresses in each subnet.`;
    throw new AwsError('InvalidSubnet', message);
  }
}

/** Checks that security groups exist in the VPC. */
export function checkSecurityGroups(world: World, groupIds: readonly string[], vpcId: string): void {
  for (const id of groupIds) {
    if (world.ec2.securityGroups.get(id)?.vpcId !== vpcId) {
      throw new AwsError('InvalidSecurityGroup', `One or more security groups are invalid: ${id}`);
    }
  }
  if (groupIds.length > world.options.quotas['security-groups-per-load-balancer']) {
    throw invalidConfiguration('The maximum number of security groups on a load balancer has been reached');
  }
}
