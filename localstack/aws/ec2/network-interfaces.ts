// Network interfaces of callers, instances and load balancers.

import { AwsError } from '../service.ts';
import { address6, parseAddress4, parseBlock4 } from './addresses.ts';
import { invalidValue } from './errors.ts';
import { find, idKinds, newHex, newId } from './ids.ts';
import { checkPrefixes6, freePrefixes } from './prefixes.ts';
import type { Attachment, Ec2State, NetworkInterface, Subnet, Tags } from './state.ts';
import { checkAddressFree, freeAddresses, takenAddresses } from './subnets.ts';
import { newTags } from './tag-specifications.ts';

export interface NetworkInterfaceSpec {
  readonly subnetId: string;
  /** If empty: the VPC's default group. */
  readonly securityGroupIds: readonly string[];
  readonly description?: string | undefined;
  /** The first is the primary address. Default: free addresses. */
  readonly privateIpAddresses?: readonly string[];
  /** How many addresses besides the given ones. Without given addresses: besides the primary address. */
  readonly secondaryAddresses?: number;
  readonly ipv6Addresses?: number;
  readonly ipv4Prefixes?: readonly string[];
  /** How many prefixes besides the given ones. */
  readonly freeIpv4Prefixes?: number;
  readonly ipv6Prefixes?: readonly string[];
  readonly interfaceType?: string;
  readonly requesterId?: string;
  readonly tags?: Tags;
}

export function createNetworkInterface(ec2: Ec2State, spec: NetworkInterfaceSpec): NetworkInterface {
  const subnet = find(idKinds.subnet, ec2.subnets, spec.subnetId);
  const groupIds = interfaceGroups(ec2, subnet.vpcId, spec.securityGroupIds);
  const given = spec.privateIpAddresses ?? [];
  for (const address of given) checkAddressFree(ec2, subnet, address);
  const wanted = Math.max(given.length, 1) + (spec.secondaryAddresses ?? 0);
  const privateIpAddresses = [...given, ...freeAddresses(ec2, subnet, wanted - given.length, given)];
  const taken = new Set([...takenAddresses(ec2, subnet), ...privateIpAddresses]);
  const ipv4Prefixes = freePrefixes(subnet, taken, spec.ipv4Prefixes ?? [], spec.freeIpv4Prefixes ?? 0);
  checkPrefixes6(subnet, spec.ipv6Prefixes ?? []);
  const mac = newHex(ec2, 10).match(/../g) ?? [];
  const made: NetworkInterface = {
    id: newId(ec2, 'eni'),
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    availabilityZone: subnet.availabilityZone,
    availabilityZoneId: subnet.availabilityZoneId,
    description: spec.description ?? '',
    groupIds,
    privateIpAddresses,
    ipv6Addresses: ipv6Addresses(subnet, privateIpAddresses, spec.ipv6Addresses ?? 0),
    ipv4Prefixes,
    ipv6Prefixes: spec.ipv6Prefixes ?? [],
    macAddress: ['02', ...mac].join(':'),
    interfaceType: spec.interfaceType ?? 'interface',
    requesterId: spec.requesterId,
    requesterManaged: spec.requesterId !== undefined,
    attachment: undefined,
    sourceDestCheck: true,
    tags: spec.tags ?? newTags(),
  };
  ec2.networkInterfaces.set(made.id, made);
  return made;
}

/** The groups of an interface in a VPC. @throws InvalidGroup.NotFound for a group of another VPC. */
export function interfaceGroups(ec2: Ec2State, vpcId: string, ids: readonly string[]): readonly string[] {
  if (ids.length === 0) return [find(idKinds.vpc, ec2.vpcs, vpcId).defaultSecurityGroupId];
  const distinct = [...new Set(ids)];
  for (const id of distinct) {
    if (find(idKinds.securityGroup, ec2.securityGroups, id).vpcId !== vpcId) {
      throw new AwsError('InvalidGroup.NotFound', `The security group '${id}' does not exist in VPC '${vpcId}'`);
    }
  }
  return distinct;
}

function ipv6Addresses(subnet: Subnet, privateIpAddresses: readonly string[], count: number): readonly string[] {
  if (count === 0) return [];
  const { ipv6 } = subnet;
  if (ipv6 === undefined) throw invalidValue(`The subnet '${subnet.id}' has no IPv6 CIDR block`);
  // Unique, because the host part is the IPv4 address's offset in the subnet.
  const base = parseBlock4(subnet.cidrBlock)?.base ?? 0;
  return privateIpAddresses
    .slice(0, count)
    .map((address) => address6(ipv6.cidrBlock, (parseAddress4(address) ?? base) - base + 0x10));
}

/** Adds the named addresses, and `free` others. Existing addresses stay. @returns the new addresses. */
export function assignAddresses(
  ec2: Ec2State,
  made: NetworkInterface,
  addresses: readonly string[],
  free: number,
): string[] {
  const subnet = find(idKinds.subnet, ec2.subnets, made.subnetId);
  const wanted = addresses.filter((address) => !made.privateIpAddresses.includes(address));
  for (const address of wanted) checkAddressFree(ec2, subnet, address);
  const assigned = [...new Set([...wanted, ...freeAddresses(ec2, subnet, free, wanted)])];
  made.privateIpAddresses = [...made.privateIpAddresses, ...assigned];
  return assigned;
}

/** Delegates the named prefixes, and `free` others. @returns the new prefixes. */
export function assignPrefixes(
  ec2: Ec2State,
  made: NetworkInterface,
  prefixes: readonly string[],
  free: number,
): string[] {
  const subnet = find(idKinds.subnet, ec2.subnets, made.subnetId);
  const assigned = freePrefixes(subnet, takenAddresses(ec2, subnet), prefixes, free);
  made.ipv4Prefixes = [...made.ipv4Prefixes, ...assigned];
  return assigned;
}

export function attach(made: NetworkInterface, attachment: Attachment): void {
  if (made.attachment !== undefined) {
    throw new AwsError('InvalidNetworkInterface.InUse', `Interface: [${made.id}] in use.`);
  }
  made.attachment = attachment;
}

export interface LoadBalancerInterfaces {
  /** The end of the load balancer's ARN: app/NAME/ID or net/NAME/ID. */
  readonly arnSuffix: string;
  readonly subnets: readonly LoadBalancerSubnet[];
  readonly securityGroupIds: readonly string[];
  /** Whether each interface has an IPv6 address, too. */
  readonly dualstack: boolean;
}

interface LoadBalancerSubnet {
  readonly subnetId: string;
  /** Default: a free address of the subnet. */
  readonly privateIPv4Address?: string | undefined;
  /** The allocation of the interface's Elastic IP. */
  readonly allocationId?: string | undefined;
  /** Default: a free address of the subnet, if dualstack. */
  readonly iPv6Address?: string | undefined;
}

/** Creates one interface with an address in each subnet. They prevent the deletion of the load balancer's subnets and groups. */
export function createLoadBalancerInterfaces(ec2: Ec2State, spec: LoadBalancerInterfaces): void {
  const isNetwork = spec.arnSuffix.startsWith('net/');
  for (const { subnetId, privateIPv4Address, allocationId } of spec.subnets) {
    const made = createNetworkInterface(ec2, {
      subnetId,
      securityGroupIds: spec.securityGroupIds,
      description: `ELB ${spec.arnSuffix}`,
      interfaceType: isNetwork ? 'network_load_balancer' : 'interface',
      requesterId: 'amazon-elb',
      ...(privateIPv4Address === undefined ? {} : { privateIpAddresses: [privateIPv4Address] }),
    });
    if (spec.securityGroupIds.length === 0) made.groupIds = [];
    made.ipv6Addresses = loadBalancerAddresses6(ec2, made, spec);
    const elasticIp = ec2.elasticIps.get(allocationId ?? '');
    if (elasticIp) elasticIp.networkInterfaceId = made.id;
    attach(made, {
      attachmentId: newId(ec2, 'ela-attach'),
      instanceId: undefined,
      instanceOwnerId: 'amazon-aws',
      deviceIndex: 1,
      deleteOnTermination: false,
      attachTime: undefined,
    });
  }
}

function loadBalancerAddresses6(
  ec2: Ec2State,
  { subnetId, privateIpAddresses }: NetworkInterface,
  { subnets, dualstack }: LoadBalancerInterfaces,
): readonly string[] {
  if (!dualstack) return [];
  const wanted = subnets.find((each) => each.subnetId === subnetId)?.iPv6Address;
  return wanted === undefined
    ? ipv6Addresses(find(idKinds.subnet, ec2.subnets, subnetId), privateIpAddresses, 1)
    : [wanted];
}

/** Changes the interfaces to the given subnets and groups. Remaining interfaces keep their addresses. */
export function updateLoadBalancerInterfaces(ec2: Ec2State, spec: LoadBalancerInterfaces): void {
  const existing = loadBalancerInterfaces(ec2, spec.arnSuffix);
  for (const made of existing) {
    const stays = spec.subnets.some(({ subnetId }) => subnetId === made.subnetId);
    if (!stays) {
      deleteLoadBalancerInterface(ec2, made);
      continue;
    }
    made.groupIds = [...new Set(spec.securityGroupIds)];
    made.ipv6Addresses = loadBalancerAddresses6(ec2, made, spec);
  }
  const subnets = spec.subnets.filter((subnet) => !existing.some(({ subnetId }) => subnetId === subnet.subnetId));
  createLoadBalancerInterfaces(ec2, { ...spec, subnets });
}

export function deleteLoadBalancerInterfaces(ec2: Ec2State, arnSuffix: string): void {
  for (const made of loadBalancerInterfaces(ec2, arnSuffix)) deleteLoadBalancerInterface(ec2, made);
}

function deleteLoadBalancerInterface(ec2: Ec2State, made: NetworkInterface): void {
  ec2.networkInterfaces.delete(made.id);
  for (const elasticIp of ec2.elasticIps.values()) {
    if (elasticIp.networkInterfaceId === made.id) elasticIp.networkInterfaceId = undefined;
  }
}

/** In the order of its subnets' first use. */
export function loadBalancerInterfaces(ec2: Ec2State, arnSuffix: string): NetworkInterface[] {
  return [...ec2.networkInterfaces.values()].filter(
    (made) => made.requesterId === 'amazon-elb' && made.description === `ELB ${arnSuffix}`,
  );
}
