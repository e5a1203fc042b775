// Instances that run nothing. They have an id, a subnet, interfaces with addresses and groups, and states.

import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { select } from './describe.ts';
import { invalidCombination, invalidValue, missingParameter } from './errors.ts';
import type { FilterTable } from './filters.ts';
import { find, idKinds, newId } from './ids.ts';
import {
  checkGroupCount,
  groupSet,
  interfaceView,
  privateDnsNameOf,
  requestedAddresses,
  requestedPrefixes,
} from './network-interface-actions.ts';
import { attach, createNetworkInterface, type NetworkInterfaceSpec } from './network-interfaces.ts';
import { integer, records, requiredText, text, texts } from './parameters.ts';
import type { Ec2State, Instance, InstanceStateName, NetworkInterface, Tags } from './state.ts';
import { specifiedTags, tagSet } from './tag-specifications.ts';

export interface InstancesSpec {
  readonly imageId: string;
  readonly instanceType: string;
  readonly count: number;
  /** The first interface; further ones are attached later. */
  readonly networkInterface: NetworkInterfaceSpec;
  readonly tags?: ReadonlyMap<string, string>;
  readonly interfaceTags?: ReadonlyMap<string, string>;
}

const transitionMs = 300;
/** How long a terminated instance is still described. docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html */
const goneAfterMs = 3_600_000;

const stateCodes: Readonly<Record<InstanceStateName, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
};

/** Starts the instances of one reservation. They are `running` a moment later. */
export function runInstances(world: World, spec: InstancesSpec): Instance[] {
  const reservationId = newId(world.ec2, 'r');
  return Array.from({ length: spec.count }, () => runInstance(world, spec, reservationId));
}

function runInstance(world: World, spec: InstancesSpec, reservationId: string): Instance {
  const { ec2 } = world;
  const now = world.clock.now();
  const nic = createNetworkInterface(ec2, { ...spec.networkInterface, tags: copy(spec.interfaceTags) });
  const instance: Instance = {
    id: newId(ec2, 'i'),
    reservationId,
    imageId: spec.imageId,
    instanceType: spec.instanceType,
    launchTime: new Date(now),
    vpcId: nic.vpcId,
    subnetId: nic.subnetId,
    availabilityZone: nic.availabilityZone,
    availabilityZoneId: nic.availabilityZoneId,
    state: 'pending',
    stateUntil: now + transitionMs,
    networkInterfaceIds: [nic.id],
    tags: copy(spec.tags),
  };
  attach(nic, {
    attachmentId: newId(ec2, 'eni-attach'),
    instanceId: instance.id,
    instanceOwnerId: world.accountId,
    deviceIndex: 0,
    deleteOnTermination: true,
    attachTime: new Date(now),
  });
  ec2.instances.set(instance.id, instance);
  return instance;
}

function copy(tags: ReadonlyMap<string, string> | undefined): Tags {
  return new Map(tags);
}

/** Applies the passing of time to the instances. */
export function refreshInstances(ec2: Ec2State, now: number): void {
  for (const instance of ec2.instances.values()) {
    if (now < instance.stateUntil) continue;
    if (instance.state === 'pending') {
      instance.state = 'running';
      instance.stateUntil = Number.POSITIVE_INFINITY;
    } else if (instance.state === 'shutting-down') {
      instance.state = 'terminated';
      instance.stateUntil += goneAfterMs;
      releaseInterfaces(ec2, instance);
    } else if (instance.state === 'terminated') {
      ec2.instances.delete(instance.id);
    }
  }
}

function releaseInterfaces(ec2: Ec2State, instance: Instance): void {
  for (const id of instance.networkInterfaceIds) {
    const nic = ec2.networkInterfaces.get(id);
    if (nic?.attachment?.deleteOnTermination === true) ec2.networkInterfaces.delete(id);
    else if (nic !== undefined) nic.attachment = undefined;
  }
  instance.networkInterfaceIds = [];
}

export function runInstancesAction(world: World, input: Input): Output {
  const { ec2 } = world;
  const token = text(input, 'ClientToken');
  const known = token === undefined ? undefined : ec2.clientTokens.get(`r/${token}`);
  const earlier = [...ec2.instances.values()].filter(({ reservationId }) => reservationId === known);
  const [oldest] = earlier;
  if (oldest !== undefined) return reservationView(world, oldest.reservationId, earlier);

  const count = requestedCount(input);
  const networkInterface = requestedInterface(input);
  checkGroupCount(world, networkInterface.securityGroupIds);
  const tags = specifiedTags(input, ['instance', 'network-interface', 'volume', 'spot-instances-request']);
  const instances = runInstances(world, {
    imageId: requiredText(input, 'ImageId'),
    instanceType: text(input, 'InstanceType') ?? 'm1.small',
    count,
    networkInterface,
    tags: copy(tags.get('instance')),
    interfaceTags: copy(tags.get('network-interface')),
  });
  const reservationId = instances[0]?.reservationId ?? '';
  if (token !== undefined) ec2.clientTokens.set(`r/${token}`, reservationId);
  return reservationView(world, reservationId, instances);
}

const maxCount = 1000;

function requestedCount(input: Input): number {
  const min = integer(input, 'MinCount');
  const max = integer(input, 'MaxCount');
  if (min === undefined) throw missingParameter('MinCount');
  if (max === undefined) throw missingParameter('MaxCount');
  if (min < 1 || max < min || max > maxCount) {
    throw invalidValue(`Invalid value '${max}' for maxCount. Must be between minCount and ${maxCount}.`);
  }
  return max;
}

function requestedInterface(input: Input): NetworkInterfaceSpec {
  const [nic, ...others] = records(input, 'NetworkInterface');
  if (nic === undefined) return interfaceSpec(input);
  if (text(input, 'SubnetId') !== undefined || texts(input, 'SecurityGroupId').length > 0) {
    throw invalidCombination(
      'Network interfaces and an instance-level subnet ID may not be specified on the same request',
    );
  }
  if (others.length > 0 || text(nic, 'NetworkInterfaceId') !== undefined) {
    throw new AwsError(
      'UnsupportedOperation',
      'Instances start with one new interface here; attach further ones afterwards.',
    );
  }
  return interfaceSpec(nic);
}

/** There is no default VPC to start in. */
function requiredSubnet(input: Input): string {
  const subnetId = text(input, 'SubnetId');
  if (subnetId === undefined)
    throw new AwsError('VPCIdNotSpecified', 'No default VPC for this user. Please specify a subnet.');
  return subnetId;
}

function interfaceSpec(input: Input): NetworkInterfaceSpec {
  return {
    subnetId: requiredSubnet(input),
    securityGroupIds: texts(input, 'SecurityGroupId'),
    description: text(input, 'Description'),
    privateIpAddresses: requestedAddresses(input),
    secondaryAddresses: integer(input, 'SecondaryPrivateIpAddressCount') ?? 0,
    ipv6Addresses: integer(input, 'Ipv6AddressCount') ?? 0,
    ...requestedPrefixes(input),
  };
}

export function terminateInstances(world: World, input: Input): Output {
  const { ec2 } = world;
  const ids = [...new Set(texts(input, 'InstanceId'))];
  if (ids.length === 0) throw missingParameter('InstanceId');
  const instances = ids.map((id) => find(idKinds.instance, ec2.instances, id));
  return {
    instancesSet: instances.map((instance) => {
      const previousState = stateView(instance.state);
      if (instance.state === 'pending' || instance.state === 'running') {
        instance.state = 'shutting-down';
        instance.stateUntil = world.clock.now() + transitionMs;
      }
      return { instanceId: instance.id, currentState: stateView(instance.state), previousState };
    }),
  };
}

export function describeInstances(world: World, input: Input): Output {
  const { ec2 } = world;
  const found = select(input, {
    kind: idKinds.instance,
    idParameter: 'InstanceId',
    records: ec2.instances,
    filters: filters(world),
  });
  const byReservation = Map.groupBy(found.records, ({ reservationId }) => reservationId);
  return {
    reservationSet: [...byReservation].map(([id, instances]) => reservationView(world, id, instances)),
    nextToken: found.nextToken,
  };
}

function interfacesOf(ec2: Ec2State, instance: Instance): NetworkInterface[] {
  return instance.networkInterfaceIds.flatMap((id) => ec2.networkInterfaces.get(id) ?? []);
}

function filters(world: World): FilterTable<Instance> {
  const { ec2 } = world;
  const primary = (instance: Instance): NetworkInterface | undefined => interfacesOf(ec2, instance)[0];
  const groups = (instance: Instance): string[] => interfacesOf(ec2, instance).flatMap(({ groupIds }) => groupIds);
  const names = (instance: Instance) => groups(instance).map((id) => ec2.securityGroups.get(id)?.groupName);
  return {
    'instance-id': (instance) => instance.id,
    'instance-type': (instance) => instance.instanceType,
    'instance-state-name': (instance) => instance.state,
    'instance-state-code': (instance) => stateCodes[instance.state],
    'instance.group-id': groups,
    'group-id': groups,
    'instance.group-name': names,
    'group-name': names,
    'image-id': (instance) => instance.imageId,
    'availability-zone': (instance) => instance.availabilityZone,
    'availability-zone-id': (instance) => instance.availabilityZoneId,
    'vpc-id': (instance) => instance.vpcId,
    'subnet-id': (instance) => instance.subnetId,
    'reservation-id': (instance) => instance.reservationId,
    'owner-id': () => world.accountId,
    'private-ip-address': (instance) => primary(instance)?.privateIpAddresses[0],
    'private-dns-name': (instance) => privateDnsNameOf(world.region, primary(instance)?.privateIpAddresses[0]),
    'network-interface.network-interface-id': (instance) => instance.networkInterfaceIds,
    'network-interface.subnet-id': (instance) => interfacesOf(ec2, instance).map(({ subnetId }) => subnetId),
    'network-interface.vpc-id': (instance) => interfacesOf(ec2, instance).map(({ vpcId }) => vpcId),
    'network-interface.group-id': groups,
    'network-interface.addresses.private-ip-address': (instance) =>
      interfacesOf(ec2, instance).flatMap(({ privateIpAddresses }) => privateIpAddresses),
    'network-interface.ipv4-prefixes.ipv4-prefix': (instance) =>
      interfacesOf(ec2, instance).flatMap(({ ipv4Prefixes }) => ipv4Prefixes),
    'network-interface.ipv6-prefixes.ipv6-prefix': (instance) =>
      interfacesOf(ec2, instance).flatMap(({ ipv6Prefixes }) => ipv6Prefixes),
  };
}

function stateView(name: InstanceStateName): Output {
  return { code: stateCodes[name], name };
}

function reservationView(world: World, reservationId: string, instances: readonly Instance[]): Output {
  return {
    reservationId,
    ownerId: world.accountId,
    groupSet: [],
    instancesSet: instances.map((instance, index) => view(world, instance, index)),
  };
}

function view(world: World, instance: Instance, index: number): Output {
  const { ec2 } = world;
  const interfaces = interfacesOf(ec2, instance);
  const address = interfaces[0]?.privateIpAddresses[0];
  return {
    instanceId: instance.id,
    imageId: instance.imageId,
    instanceType: instance.instanceType,
    instanceState: stateView(instance.state),
    launchTime: instance.launchTime,
    amiLaunchIndex: index,
    architecture: 'x86_64',
    hypervisor: 'xen',
    virtualizationType: 'hvm',
    rootDeviceType: 'ebs',
    placement: {
      availabilityZone: instance.availabilityZone,
      availabilityZoneId: instance.availabilityZoneId,
      tenancy: 'default',
    },
    monitoring: { state: 'disabled' },
    // A terminated instance has no subnet any more.
    vpcId: interfaces.length > 0 ? instance.vpcId : undefined,
    subnetId: interfaces.length > 0 ? instance.subnetId : undefined,
    privateIpAddress: address,
    privateDnsName: privateDnsNameOf(world.region, address) ?? '',
    dnsName: '',
    sourceDestCheck: interfaces[0]?.sourceDestCheck,
    groupSet: groupSet(ec2, interfaces[0]?.groupIds ?? []),
    networkInterfaceSet: interfaces.map((nic) => interfaceView(world, nic)),
    tagSet: tagSet(instance.tags),
  };
}
