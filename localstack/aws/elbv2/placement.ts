// Checks a load balancer's subnets and security groups against EC2.
import { zoneType } from '../ec2/availability-zones.ts';
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

function readMappings(input: Input): readonly Omit<SubnetMapping, 'zone' | 'outpostId'>[] {
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

/** Reads Subnets or SubnetMappings. */
export function placementOf(world: World, input: Input, type: LoadBalancerType): Placement {
  const found = readMappings(input).map((mapping) => {
    const subnet = world.ec2.subnets.get(mapping.subnetId);
    if (!subnet) throw new AwsError('SubnetNotFound', `The subnet ID '${mapping.subnetId}' does not exist`);
    return {
      mapping: { ...mapping, zone: subnet.availabilityZone, outpostId: subnet.outpostArn?.split('/').at(-1) },
      vpcId: subnet.vpcId,
    };
  });
  const vpcs = new Set(found.map(({ vpcId }) => vpcId));
  const [vpcId] = vpcs;
  if (vpcs.size !== 1 || vpcId === undefined) throw invalidConfiguration('All subnets must be in the same VPC');
  const subnets = found.map(({ mapping }) => mapping);
  checkZones(world, subnets, type);
  return { vpcId, subnets };
}

/**
 * "You can specify only one subnet per Availability Zone." "The zones must be of the same type." For an Application Load
 * Balancer: "at least two Availability Zones", "one Outpost subnet", "one or more Local Zones"; application/application-
 * load-balancers.html, API_CreateLoadBalancer.html. A Wavelength Zone counts as a Local Zone.
 */
function checkZones(world: World, subnets: readonly SubnetMapping[], type: LoadBalancerType): void {
  const zones = new Set(subnets.map(({ zone }) => zone));
  if (zones.size < subnets.length) {
    const message = 'A load balancer cannot be attached to multiple subnets in the same Availability Zone';
    throw invalidConfiguration(message);
  }
  const kinds = new Set(
    subnets.map(({ zone, outpostId }) => (outpostId === undefined ? zoneType(world, zone) : 'outpost')),
  );
  if (kinds.size > 1) throw invalidConfiguration('All subnets must belong to zones of the same type');
  // "You can't specify a subnet in a Local Zone": network/availability-zones.html.
  if (type === 'network' && (kinds.has('local-zone') || kinds.has('wavelength-zone'))) {
    throw invalidConfiguration('A Network Load Balancer cannot have a subnet in a Local Zone or Wavelength Zone');
  }
  if (type !== 'application') return;
  if (kinds.has('availability-zone') && zones.size < 2) {
    throw validationError('At least two subnets in two different Availability Zones must be specified');
  }
  if (kinds.has('outpost') && subnets.length > 1) {
    throw validationError('Only one Outpost subnet can be specified for an Application Load Balancer');
  }
}

const minFreeAddresses = 8;

/**
 * "Each subnet must have at least eight free IP addresses" (application/application-load-balancers.html), unless the request
 * has its address (network/network-load-balancers.html).
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
