import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { answer, select } from './describe.ts';
import { invalidValue, missingParameter } from './errors.ts';
import type { FilterTable } from './filters.ts';
import { find, idKinds, newId } from './ids.ts';
import {
  assignAddresses,
  assignPrefixes,
  attach,
  createNetworkInterface,
  interfaceGroups,
  type NetworkInterfaceSpec,
} from './network-interfaces.ts';
import { flag, integer, record, records, requiredText, text, texts } from './parameters.ts';
import type { Attachment, Ec2State, NetworkInterface } from './state.ts';
import { tagSet, tagsFor } from './tag-specifications.ts';

/** docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
export function checkGroupCount(world: World, ids: readonly string[]): void {
  if (new Set(ids).size > world.options.quotas['security-groups-per-network-interface']) {
    throw new AwsError(
      'SecurityGroupsPerInterfaceLimitExceeded',
      'The maximum number of security groups per interface has been reached.',
    );
  }
}

export function createNetworkInterfaceAction(world: World, input: Input): Output {
  const { ec2 } = world;
  const subnetId = requiredText(input, 'SubnetId');
  const token = text(input, 'ClientToken');
  const known = ec2.networkInterfaces.get(ec2.clientTokens.get(`eni/${token}`) ?? '');
  if (token !== undefined && known !== undefined) return { networkInterface: view(world, known), clientToken: token };
  const securityGroupIds = texts(input, 'SecurityGroupId');
  checkGroupCount(world, securityGroupIds);
  const made = createNetworkInterface(ec2, {
    subnetId,
    securityGroupIds,
    description: text(input, 'Description'),
    privateIpAddresses: requestedAddresses(input),
    secondaryAddresses: integer(input, 'SecondaryPrivateIpAddressCount') ?? 0,
    ipv6Addresses: integer(input, 'Ipv6AddressCount') ?? 0,
    ...requestedPrefixes(input),
    tags: tagsFor(input, 'network-interface'),
  });
  if (token !== undefined) ec2.clientTokens.set(`eni/${token}`, made.id);
  return { networkInterface: view(world, made), clientToken: token };
}

/** The addresses in a request. The primary address is first. */
export function requestedAddresses(input: Input): readonly string[] {
  const listed = records(input, 'PrivateIpAddresses').map((entry) => ({
    address: requiredText(entry, 'PrivateIpAddress'),
    isPrimary: flag(entry, 'Primary') ?? false,
  }));
  const primary = text(input, 'PrivateIpAddress') ?? listed.find(({ isPrimary }) => isPrimary)?.address;
  const addresses = listed.map(({ address }) => address);
  return [...new Set(primary === undefined ? addresses : [primary, ...addresses])];
}

/** The prefixes in a request, or their number. */
export function requestedPrefixes(
  input: Input,
): Pick<NetworkInterfaceSpec, 'ipv4Prefixes' | 'freeIpv4Prefixes' | 'ipv6Prefixes'> {
  return {
    ipv4Prefixes: records(input, 'Ipv4Prefix').map((entry) => requiredText(entry, 'Ipv4Prefix')),
    freeIpv4Prefixes: integer(input, 'Ipv4PrefixCount') ?? 0,
    ipv6Prefixes: records(input, 'Ipv6Prefix').map((entry) => requiredText(entry, 'Ipv6Prefix')),
  };
}

export function deleteNetworkInterface(world: World, input: Input): Output {
  const found = requested(world.ec2, input);
  checkOwn(found);
  if (found.attachment !== undefined) {
    throw new AwsError('InvalidNetworkInterface.InUse', `Network interface '${found.id}' is currently in use.`);
  }
  world.ec2.networkInterfaces.delete(found.id);
  return { return: true };
}

export function attachNetworkInterface(world: World, input: Input): Output {
  const { ec2 } = world;
  const found = requested(ec2, input);
  checkOwn(found);
  const instance = find(idKinds.instance, ec2.instances, requiredText(input, 'InstanceId'));
  const deviceIndex = integer(input, 'DeviceIndex');
  if (deviceIndex === undefined) throw missingParameter('deviceIndex');
  if (instance.availabilityZone !== found.availabilityZone) {
    throw invalidValue(
      'You may not attach a network interface to an instance if they are not in the same availability zone',
    );
  }
  const isTaken = instance.networkInterfaceIds.some(
    (id) => ec2.networkInterfaces.get(id)?.attachment?.deviceIndex === deviceIndex,
  );
  if (isTaken)
    throw invalidValue(`Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`);
  const attachmentId = newId(ec2, 'eni-attach');
  attach(found, {
    attachmentId,
    instanceId: instance.id,
    instanceOwnerId: world.accountId,
    deviceIndex,
    deleteOnTermination: false,
    attachTime: new Date(world.clock.now()),
  });
  instance.networkInterfaceIds = [...instance.networkInterfaceIds, found.id];
  return { attachmentId, networkCardIndex: 0 };
}

export function detachNetworkInterface(world: World, input: Input): Output {
  const { ec2 } = world;
  const attachmentId = requiredText(input, 'AttachmentId');
  const found = [...ec2.networkInterfaces.values()].find(({ attachment }) => attachment?.attachmentId === attachmentId);
  if (found === undefined) {
    throw new AwsError('InvalidAttachmentID.NotFound', `The attachment '${attachmentId}' does not exist`);
  }
  checkOwn(found);
  if (found.attachment?.deviceIndex === 0) {
    throw new AwsError('OperationNotPermitted', 'The network interface at device index 0 cannot be detached.');
  }
  const instance = ec2.instances.get(found.attachment?.instanceId ?? '');
  if (instance !== undefined) {
    instance.networkInterfaceIds = instance.networkInterfaceIds.filter((id) => id !== found.id);
  }
  found.attachment = undefined;
  return { return: true };
}

export function assignPrivateIpAddresses(world: World, input: Input): Output {
  const found = requested(world.ec2, input);
  const count = integer(input, 'SecondaryPrivateIpAddressCount') ?? 0;
  const addresses = texts(input, 'PrivateIpAddress');
  const prefixes = texts(input, 'Ipv4Prefix');
  const prefixCount = integer(input, 'Ipv4PrefixCount') ?? 0;
  if (count <= 0 && prefixCount <= 0 && addresses.length === 0 && prefixes.length === 0)
    throw missingParameter('privateIpAddress or secondaryPrivateIpAddressCount');
  const assigned = assignAddresses(world.ec2, found, addresses, count);
  const delegated = assignPrefixes(world.ec2, found, prefixes, prefixCount);
  return {
    return: true,
    networkInterfaceId: found.id,
    assignedPrivateIpAddressesSet: assigned.map((privateIpAddress) => ({ privateIpAddress })),
    assignedIpv4PrefixSet: delegated.map((ipv4Prefix) => ({ ipv4Prefix })),
  };
}

export function unassignPrivateIpAddresses(world: World, input: Input): Output {
  const found = requested(world.ec2, input);
  const addresses = texts(input, 'PrivateIpAddress');
  const [primary, ...secondary] = found.privateIpAddresses;
  for (const address of addresses) {
    if (!secondary.includes(address)) {
      throw invalidValue(`Some of the specified addresses are not assigned to interface ${found.id}: ${address}`);
    }
  }
  const prefixes = texts(input, 'Ipv4Prefix');
  for (const prefix of prefixes) {
    if (!found.ipv4Prefixes.includes(prefix)) {
      throw invalidValue(`Some of the specified prefixes are not assigned to interface ${found.id}: ${prefix}`);
    }
  }
  found.ipv4Prefixes = found.ipv4Prefixes.filter((prefix) => !prefixes.includes(prefix));
  found.privateIpAddresses = [
    ...(primary === undefined ? [] : [primary]),
    ...secondary.filter((address) => !addresses.includes(address)),
  ];
  return { return: true };
}

/** One attribute per call. docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html */
export function modifyNetworkInterfaceAttribute(world: World, input: Input): Output {
  const { ec2 } = world;
  const found = requested(ec2, input);
  checkOwn(found);
  const groups = texts(input, 'SecurityGroupId');
  checkGroupCount(world, groups);
  const description = record(input, 'Description');
  const sourceDestCheck = record(input, 'SourceDestCheck');
  if (groups.length > 0) found.groupIds = interfaceGroups(ec2, found.vpcId, groups);
  else if (description !== undefined) found.description = text(description, 'Value') ?? '';
  else if (sourceDestCheck !== undefined) found.sourceDestCheck = flag(sourceDestCheck, 'Value') ?? true;
  else throw new AwsError('InvalidParameterCombination', 'No attributes specified.');
  return { return: true };
}

function requested(ec2: Ec2State, input: Input): NetworkInterface {
  return find(idKinds.networkInterface, ec2.networkInterfaces, requiredText(input, 'NetworkInterfaceId'));
}

/**
 * Only the service that created an interface may change it.
 * docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html
 */
function checkOwn(found: NetworkInterface): void {
  if (found.requesterManaged) {
    throw new AwsError(
      'OperationNotPermitted',
      `You are not allowed to manage '${found.attachment?.attachmentId}' attachments.`,
    );
  }
}

export function describeNetworkInterfaces(world: World, input: Input): Output {
  const page = select(input, {
    kind: idKinds.networkInterface,
    idParameter: 'NetworkInterfaceId',
    records: world.ec2.networkInterfaces,
    filters: filters(world),
  });
  return answer('networkInterfaceSet', page, (found) => view(world, found));
}

function filters(world: World): FilterTable<NetworkInterface> {
  const groupNames = (found: NetworkInterface): (string | undefined)[] =>
    found.groupIds.map((id) => world.ec2.securityGroups.get(id)?.groupName);
  return {
    'addresses.private-ip-address': (found) => found.privateIpAddresses,
    'addresses.primary': (found) => found.privateIpAddresses.map((_, index) => String(index === 0)),
    'attachment.attachment-id': (found) => found.attachment?.attachmentId,
    'attachment.delete-on-termination': (found) => found.attachment?.deleteOnTermination,
    'attachment.device-index': (found) => found.attachment?.deviceIndex,
    'attachment.instance-id': (found) => found.attachment?.instanceId,
    'attachment.instance-owner-id': (found) => found.attachment?.instanceOwnerId,
    'attachment.status': (found) => (found.attachment === undefined ? undefined : 'attached'),
    'availability-zone': (found) => found.availabilityZone,
    'availability-zone-id': (found) => found.availabilityZoneId,
    description: (found) => found.description,
    'group-id': (found) => found.groupIds,
    'group-name': groupNames,
    'interface-type': (found) => found.interfaceType,
    'ipv6-addresses.ipv6-address': (found) => found.ipv6Addresses,
    'mac-address': (found) => found.macAddress,
    'network-interface-id': (found) => found.id,
    'owner-id': () => world.accountId,
    'private-dns-name': (found) => privateDnsName(world, found),
    'private-ip-address': (found) => found.privateIpAddresses[0],
    'requester-id': (found) => found.requesterId,
    'requester-managed': (found) => found.requesterManaged,
    'source-dest-check': (found) => found.sourceDestCheck,
    status: (found) => statusOf(found),
    'subnet-id': (found) => found.subnetId,
    'vpc-id': (found) => found.vpcId,
  };
}

function statusOf(found: NetworkInterface): string {
  return found.attachment === undefined ? 'available' : 'in-use';
}

/** docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html: us-east-1 has a domain of its own. */
export function privateDnsNameOf(region: string, address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  return `ip-${address.replaceAll('.', '-')}.${domain}`;
}

function privateDnsName(world: World, found: NetworkInterface): string | undefined {
  return privateDnsNameOf(world.region, found.privateIpAddresses[0]);
}

export function groupSet(ec2: Ec2State, ids: readonly string[]): readonly Output[] {
  return ids.map((id) => ({ groupId: id, groupName: ec2.securityGroups.get(id)?.groupName }));
}

/** An interface in the format of DescribeInstances. */
export function interfaceView(world: World, found: NetworkInterface): Output {
  return {
    networkInterfaceId: found.id,
    subnetId: found.subnetId,
    vpcId: found.vpcId,
    ownerId: world.accountId,
    description: found.description,
    interfaceType: found.interfaceType,
    status: statusOf(found),
    macAddress: found.macAddress,
    privateIpAddress: found.privateIpAddresses[0],
    privateDnsName: privateDnsName(world, found),
    sourceDestCheck: found.sourceDestCheck,
    groupSet: groupSet(world.ec2, found.groupIds),
    privateIpAddressesSet: found.privateIpAddresses.map((privateIpAddress, index) => ({
      privateIpAddress,
      privateDnsName: privateDnsNameOf(world.region, privateIpAddress),
      primary: index === 0,
    })),
    ipv6AddressesSet: found.ipv6Addresses.map((ipv6Address) => ({ ipv6Address })),
    ipv4PrefixSet: found.ipv4Prefixes.map((ipv4Prefix) => ({ ipv4Prefix })),
    ipv6PrefixSet: found.ipv6Prefixes.map((ipv6Prefix) => ({ ipv6Prefix })),
    attachment: found.attachment && attachmentView(found.attachment),
  };
}

function attachmentView(attachment: Attachment): Output {
  return {
    attachmentId: attachment.attachmentId,
    deviceIndex: attachment.deviceIndex,
    networkCardIndex: 0,
    status: 'attached',
    attachTime: attachment.attachTime,
    deleteOnTermination: attachment.deleteOnTermination,
  };
}

function view(world: World, found: NetworkInterface): Output {
  return {
    ...interfaceView(world, found),
    attachment: found.attachment && {
      ...attachmentView(found.attachment),
      instanceId: found.attachment.instanceId,
      instanceOwnerId: found.attachment.instanceOwnerId,
    },
    availabilityZone: found.availabilityZone,
    availabilityZoneId: found.availabilityZoneId,
    requesterId: found.requesterId,
    requesterManaged: found.requesterManaged,
    tagSet: tagSet(found.tags),
  };
}
