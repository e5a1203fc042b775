import ipaddr from 'ipaddr.js';
import { availabilityZones } from '../ec2/availability-zones.ts';
import { type Action, AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { targetGroupAttribute } from './attributes.ts';
import { invalidTarget, validationError } from './errors.ts';
import { targetGroupOf } from './find.ts';
import { integer, nonEmpty, portRange, records, requiredText, text } from './input.ts';
import type { Target, TargetGroup } from './state.ts';
import { enabledZones, healthOf, settleTargets } from './target-health.ts';
import { loadBalancersByTargetGroup } from './usage.ts';

interface Named {
  readonly id: string;
  readonly port: number | undefined;
  readonly zone: string | undefined;
}

/** One address with two ports is two targets. */
const keyOf = ({ id, port }: Pick<Named, 'id' | 'port'>) => `${id}|${port}`;

function readTargets(input: Input, group: TargetGroup): readonly Named[] | undefined {
  return records(input, 'Targets')?.map((target) => ({
    id: requiredText(target, 'Id'),
    port: integer(target, 'Port', portRange) ?? group.port,
    zone: text(target, 'AvailabilityZone'),
  }));
}

function checkInstance(world: World, group: TargetGroup, { id, zone }: Named): string {
  const instance = world.ec2.instances.get(id);
  if (!instance || instance.vpcId !== group.vpcId) {
    throw invalidTarget(`The following targets are not in the target group VPC '${group.vpcId}': '${id}'`);
  }
  if (instance.state === 'shutting-down' || instance.state === 'terminated') {
    throw invalidTarget(`The following targets are not in a running state and cannot be registered: '${id}'`);
  }
  if (zone !== undefined) throw validationError('An Availability Zone cannot be specified for an instance');
  return instance.availabilityZone;
}

const outside = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];

const isWithin = (address: ipaddr.IPv4 | ipaddr.IPv6, block: string): boolean => {
  const range = ipaddr.parseCIDR(block);
  return address.kind() === range[0].kind() && address.match(range);
};

/** "You can't specify publicly routable IP addresses": the VPC's subnets, RFC 1918 and RFC 6598 (load-balancer-target-groups). */
function checkAddress(world: World, group: TargetGroup, { id, zone }: Named): string {
  if (!ipaddr.isValid(id) || ipaddr.parse(id).kind() !== group.ipAddressType) {
    throw validationError(`The IP address '${id}' is not a valid ${group.ipAddressType} address`);
  }
  const address = ipaddr.parse(id);
  const subnets = [...world.ec2.subnets.values()].filter(({ vpcId }) => vpcId === group.vpcId);
  const block = (subnet: (typeof subnets)[number]) =>
    group.ipAddressType === 'ipv4' ? subnet.cidrBlock : subnet.ipv6?.cidrBlock;
  const subnet = subnets.find((each) => {
    const cidr = block(each);
    return cidr !== undefined && isWithin(address, cidr);
  });
  if (subnet) return zone ?? subnet.availabilityZone;
  const vpc = group.vpcId === undefined ? undefined : world.ec2.vpcs.get(group.vpcId);
  const inVpc = vpc !== undefined && group.ipAddressType === 'ipv4' && isWithin(address, vpc.cidrBlock);
  if (inVpc || group.ipAddressType === 'ipv6' || !outside.some((each) => isWithin(address, each))) {
    throw invalidTarget(`The IP address '${id}' is not within a valid subnet`);
  }
  if (zone === undefined) {
    throw validationError(`You must specify an Availability Zone for the IP address '${id}', which is outside the VPC`);
  }
  if (zone !== 'all' && !availabilityZones(world.region).some(({ name }) => name === zone)) {
    throw validationError(`The Availability Zone '${zone}' is not valid`);
  }
  return zone;
}

function checkTarget(world: World, group: TargetGroup, target: Named): string | undefined {
  switch (group.targetType) {
    case 'instance':
      return checkInstance(world, group, target);
    case 'ip':
      return checkAddress(world, group, target);
    case 'alb':
      if (!world.elbv2.loadBalancers.has(target.id)) throw invalidTarget(`'${target.id}' is not a load balancer`);
      return undefined;
    case 'lambda':
      throw invalidTarget('Lambda functions are not emulated');
  }
  return group.targetType satisfies never;
}

function checkQuotas(world: World, group: TargetGroup, added: number): void {
  const { quotas } = world.options;
  if (group.targets.size + added > quotas['targets-per-target-group']) {
    throw new AwsError('TooManyTargets', 'The maximum number of targets in this target group has been reached');
  }
  const used = loadBalancersByTargetGroup(world.elbv2);
  for (const loadBalancer of used.get(group.arn) ?? []) {
    const siblings = [...world.elbv2.targetGroups.values()].filter(({ arn }) => used.get(arn)?.has(loadBalancer));
    const registered = siblings.reduce((sum, { targets }) => sum + targets.size, 0);
    if (registered + added > quotas['targets-per-application-load-balancer']) {
      throw new AwsError('TooManyTargets', 'The maximum number of targets on this load balancer has been reached');
    }
  }
}

/** All targets are registered, or none. */
function register(world: World, input: Input): Output {
  const group = targetGroupOf(world.elbv2, input);
  settleTargets(world, group);
  const targets = nonEmpty(readTargets(input, group), 'Targets').map((target): Target => {
    const availabilityZone = checkTarget(world, group, target);
    const { id, port } = target;
    return {
      id,
      port,
      availabilityZone,
      registeredAt: world.clock.now(),
      initialSeconds: world.options.healthSeconds,
      drainingUntil: undefined,
      checked: undefined,
    };
  });
  const isServing = (target: Target) => {
    const known = group.targets.get(keyOf(target));
    return known !== undefined && known.drainingUntil === undefined;
  };
  const added = new Map(targets.filter((target) => !isServing(target)).map((target) => [keyOf(target), target]));
  checkQuotas(world, group, [...added.keys()].filter((key) => !group.targets.has(key)).length);
  for (const [key, target] of added) group.targets.set(key, target);
  return {};
}

/** Deregistering what is not registered succeeds. A target drains while a load balancer uses its group, then is gone. */
function deregister(world: World, input: Input): Output {
  const group = targetGroupOf(world.elbv2, input);
  settleTargets(world, group);
  const delay = Number(targetGroupAttribute(group, 'deregistration_delay.timeout_seconds'));
  const seconds = group.inUseSince === undefined ? 0 : Math.min(delay, world.options.drainingSecondsMax);
  for (const named of nonEmpty(readTargets(input, group), 'Targets')) {
    const target = group.targets.get(keyOf(named));
    if (target && target.drainingUntil === undefined) target.drainingUntil = world.clock.now() + seconds * 1000;
  }
  settleTargets(world, group);
  return {};
}

function describeHealth(world: World, input: Input): Output {
  const group = targetGroupOf(world.elbv2, input);
  settleTargets(world, group);
  const asked = readTargets(input, group);
  const wanted: readonly Named[] =
    asked && asked.length > 0
      ? asked
      : [...group.targets.values()].map(({ id, port }) => ({ id, port, zone: undefined }));
  const zones = enabledZones(world, group);
  const healthCheckPort = (port: number | undefined) =>
    group.healthCheck.port === 'traffic-port' ? String(port) : group.healthCheck.port;
  return {
    TargetHealthDescriptions: wanted.map((named) => {
      const target = group.targets.get(keyOf(named));
      return {
        Target: {
          Id: named.id,
          Port: named.port,
          AvailabilityZone: group.targetType === 'ip' ? (target?.availabilityZone ?? named.zone) : undefined,
        },
        HealthCheckPort: target && healthCheckPort(target.port),
        TargetHealth: healthOf(world, group, target, zones),
      };
    }),
  };
}

export function targetActions(world: World): Record<string, Action> {
  return {
    RegisterTargets: (input) => register(world, input),
    DeregisterTargets: (input) => deregister(world, input),
    DescribeTargetHealth: (input) => describeHealth(world, input),
  };
}
