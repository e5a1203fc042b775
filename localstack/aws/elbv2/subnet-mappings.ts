// The addresses of a Network Load Balancer in its subnets.
// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SubnetMapping.html
import ipaddr from 'ipaddr.js';
import type { Subnet } from '../ec2/state.ts';
import { checkAddressFree } from '../ec2/subnets.ts';
import { AwsError } from '../service.ts';
import type { World } from '../world.ts';
import { invalidConfiguration, validationError } from './errors.ts';
import type { LoadBalancer, SubnetMapping } from './state.ts';

type For = Pick<LoadBalancer, 'type' | 'scheme' | 'ipAddressType' | 'enablePrefixForIpv6SourceNat'>;

/** Checks that this type of load balancer can have these addresses. Whether they are free is checked below. */
export function checkMappings(world: World, mappings: readonly SubnetMapping[], of: For): void {
  for (const mapping of mappings) {
    const subnet = world.ec2.subnets.get(mapping.subnetId);
    if (!subnet) continue;
    if (of.ipAddressType !== 'ipv4' && subnet.ipv6 === undefined) {
      throw invalidConfiguration('You must specify subnets with an associated IPv6 CIDR block');
    }
    if (of.type === 'application') checkNoAddresses(mapping);
    else checkMapping(world, subnet, mapping, of);
  }
  const allocations = mappings.flatMap(({ allocationId }) => allocationId ?? []);
  if (new Set(allocations).size < allocations.length) {
    throw validationError('An allocation ID cannot be specified for more than one subnet');
  }
}

/** "[Application Load Balancers] You can't specify Elastic IP addresses for your subnets." */
function checkNoAddresses({ allocationId, privateIPv4Address, iPv6Address, sourceNatIpv6Prefix }: SubnetMapping): void {
  if (allocationId ?? privateIPv4Address ?? iPv6Address ?? sourceNatIpv6Prefix) {
    throw invalidConfiguration('Addresses of subnets can only be specified for Network Load Balancers');
  }
}

function checkMapping(world: World, subnet: Subnet, mapping: SubnetMapping, of: For): void {
  const { allocationId, privateIPv4Address, iPv6Address, sourceNatIpv6Prefix } = mapping;
  if (allocationId !== undefined) {
    if (of.scheme === 'internal')
      throw invalidConfiguration('Internal load balancers cannot have Elastic IP addresses');
    const elasticIp = world.ec2.elasticIps.get(allocationId);
    if (!elasticIp) throw new AwsError('AllocationIdNotFound', `The allocation IDs '${allocationId}' do not exist`);
    if (elasticIp.networkBorderGroup !== world.region) {
      throw invalidConfiguration(
        `The allocation ID '${allocationId}' is in the network border group '${elasticIp.networkBorderGroup}', which is not that of the subnet '${subnet.id}'`,
      );
    }
  }
  if (privateIPv4Address !== undefined && of.scheme !== 'internal') {
    throw invalidConfiguration('A private IPv4 address can only be specified for an internal load balancer');
  }
  if (iPv6Address !== undefined) checkIpv6Address(subnet, iPv6Address, of);
  if (sourceNatIpv6Prefix !== undefined) checkPrefix(subnet, sourceNatIpv6Prefix, of);
}

function checkIpv6Address(subnet: Subnet, address: string, { ipAddressType }: For): void {
  if (ipAddressType !== 'dualstack') throw invalidConfiguration('An IPv6 address needs the IP address type dualstack');
  if (!ipaddr.IPv6.isValid(address) || !isWithin(subnet, ipaddr.IPv6.parse(address))) {
    throw invalidConfiguration(`The IPv6 address '${address}' is not within the subnet '${subnet.id}'`);
  }
}

/** "Specify an IPv6 prefix (/80 netmask) from the subnet CIDR block or auto_assigned." */
function checkPrefix(subnet: Subnet, prefix: string, { enablePrefixForIpv6SourceNat }: For): void {
  if (enablePrefixForIpv6SourceNat !== 'on') {
    throw invalidConfiguration('A source NAT prefix needs EnablePrefixForIpv6SourceNat to be on');
  }
  if (prefix === 'auto_assigned') return;
  if (
    !ipaddr.IPv6.isValidCIDR(prefix) ||
    !prefix.endsWith('/80') ||
    !isWithin(subnet, ipaddr.IPv6.parseCIDR(prefix)[0])
  ) {
    throw invalidConfiguration(`The source NAT prefix '${prefix}' is not a /80 block of the subnet '${subnet.id}'`);
  }
}

function isWithin(subnet: Subnet, address: ipaddr.IPv6): boolean {
  return subnet.ipv6 !== undefined && address.match(ipaddr.IPv6.parseCIDR(subnet.ipv6.cidrBlock));
}

/** Checks that the addresses are free. */
export function checkMappingsFree(world: World, mappings: readonly SubnetMapping[]): void {
  for (const { subnetId, allocationId, privateIPv4Address } of mappings) {
    if (world.ec2.elasticIps.get(allocationId ?? '')?.networkInterfaceId !== undefined) {
      throw new AwsError('ResourceInUse', `The allocation ID '${allocationId}' is already in use`);
    }
    const subnet = world.ec2.subnets.get(subnetId);
    if (subnet && privateIPv4Address !== undefined) checkPrivateAddress(world, subnet, privateIPv4Address);
  }
}

function checkPrivateAddress(world: World, subnet: Subnet, address: string): void {
  try {
    checkAddressFree(world.ec2, subnet, address);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'InvalidIPAddress.InUse') throw new AwsError('ResourceInUse', error.message);
    throw invalidConfiguration(error.message);
  }
}

/**
 * The mappings after a change of subnets. Remaining subnets keep their addresses, which can't change.
 * docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#availability-zones
 */
export function keptMappings(
  before: readonly SubnetMapping[],
  wanted: readonly SubnetMapping[],
): readonly SubnetMapping[] {
  return wanted.map((mapping) => {
    const known = before.find(({ subnetId }) => subnetId === mapping.subnetId);
    if (!known) return mapping;
    for (const name of ['allocationId', 'privateIPv4Address'] as const) {
      if (mapping[name] !== undefined && mapping[name] !== known[name]) {
        throw invalidConfiguration(`The addresses of the subnet '${mapping.subnetId}' cannot be changed`);
      }
    }
    const { iPv6Address = known.iPv6Address, sourceNatIpv6Prefix = known.sourceNatIpv6Prefix } = mapping;
    return { ...known, iPv6Address, sourceNatIpv6Prefix };
  });
}

/** The addresses in the API's output format. */
export function describeAddresses(world: World, { allocationId, privateIPv4Address, iPv6Address }: SubnetMapping) {
  const IpAddress = world.ec2.elasticIps.get(allocationId ?? '')?.publicIp;
  const shown = {
    IpAddress,
    AllocationId: allocationId,
    PrivateIPv4Address: privateIPv4Address,
    IPv6Address: iPv6Address,
  };
  return allocationId === undefined && privateIPv4Address === undefined && iPv6Address === undefined ? [] : [shown];
}

/** Undefined if no prefix is used. */
export function describePrefixes(world: World, { subnetId, sourceNatIpv6Prefix }: SubnetMapping, on: boolean) {
  if (!on) return undefined;
  if (sourceNatIpv6Prefix !== undefined && sourceNatIpv6Prefix !== 'auto_assigned') return [sourceNatIpv6Prefix];
  const block = world.ec2.subnets.get(subnetId)?.ipv6?.cidrBlock;
  return block === undefined ? undefined : [block.replace(/\/64$/, '/80')];
}
