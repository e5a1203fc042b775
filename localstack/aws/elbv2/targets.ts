import ipaddr from 'ipaddr.js';
import { privateAddress } from '../dataplane/target-address.ts';
import { availabilityZones } from '../ec2/availability-zones.ts';
import { type Action, AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { targetGroupAttribute } from './attributes.ts';
import { invalidTarget, validationError } from './errors.ts';
import { groupsOf, listenersOf, targetGroupOf } from './find.ts';
import { isHttp } from './health-checks.ts';
import { integer, nonEmpty, portRange, records, requiredText, text } from './input.ts';
import type { Target, TargetGroup } from './state.ts';
import { enabledZones, healthOf, removeDrainedTargets } from './target-health.ts';
import { checkTargetQuotas } from './target-quotas.ts';
import { loadBalancersByTargetGroup } from './usage.ts';

interface Named {
  readonly id: string;
  readonly port: number | undefined;
  readonly zone: string | undefined;
}

/** An address with two ports is two targets. */
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
  // Here an instance's first IPv6 address is always its primary address.
  if (privateAddress(world, group, { id }) === undefined) {
    throw invalidTarget(
      `The following targets cannot be used with this IPv6 target group because of missing primary IPv6 addresses: '${id}'`,
    );
  }
  return instance.availabilityZone;
}

const outside = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];

const isWithin = (address: ipaddr.IPv4 | ipaddr.IPv6, block: string): boolean => {
  const range = ipaddr.parseCIDR(block);
  return address.kind() === range[0].kind() && address.match(range);
};

/**
 * "You can't specify publicly routable IP addresses": the VPC's subnets, RFC 1918 and RFC 6598 (load-balancer-target-groups).
 * The VPC's subnets decide, not its blocks (kubernetes-sigs/aws-load-balancer-controller#3714).
 */
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
  if (subnet) {
    const { availabilityZone } = subnet;
    if (zone === undefined || zone === availabilityZone) return availabilityZone;
    throw validationError(
      `The IP address '${id}' is within the VPC, and cannot have its Availability Zone overridden to '${zone}' from '${availabilityZone}'`,
    );
  }
  if (group.ipAddressType === 'ipv6' || !outside.some((each) => isWithin(address, each))) {
    throw invalidTarget(`The IP address '${id}' is not within a valid subnet`);
  }
  if (zone === undefined) {
    throw validationError(`The Availability Zone is required for IP address '${id}' because it is not in the VPC`);
  }
  if (zone !== 'all' && !availabilityZones(world.region).some(({ name }) => name === zone)) {
    throw validationError(`The Availability Zone '${zone}' is not valid`);
  }
  return zone;
}

/** "You can associate an Application Load Balancer as a target of up to two Network Load Balancers." */
const maxNetworkLoadBalancers = 2;

/** docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html */
function checkLoadBalancer(world: World, group: TargetGroup, { id, port }: Named): undefined {
  const loadBalancer = world.elbv2.loadBalancers.get(id);
  if (loadBalancer?.type !== 'application' || loadBalancer.vpcId !== group.vpcId) {
    throw invalidTarget(`'${id}' is not an Application Load Balancer in the VPC '${group.vpcId}'`);
  }
  if (!listenersOf(world.elbv2, id).some((listener) => listener.port === port)) {
    throw invalidTarget(`The load balancer '${id}' has no listener on port ${port}`);
  }
  if (port !== group.port)
    throw invalidTarget(`The port of the target must be that of its target group, ${group.port}`);
  const used = loadBalancersByTargetGroup(world.elbv2);
  const inFront = (each: TargetGroup) => [...(used.get(each.arn) ?? [])];
  const all = new Set([...groupsOf(world.elbv2, id), group].flatMap(inFront));
  if (all.size > maxNetworkLoadBalancers) {
    throw new AwsError(
      'TooManyRegistrationsForTargetId',
      `The load balancer '${id}' is a target of ${maxNetworkLoadBalancers} Network Load Balancers already`,
    );
  }
  return undefined;
}

/** "You can only add one Application Load Balancer per target group." */
function checkSingle({ targets }: TargetGroup, added: Iterable<string>): void {
  if (new Set([...targets.keys(), ...added]).size > 1) {
    throw new AwsError('TooManyTargets', 'A target group of Application Load Balancers can have one target');
  }
}

function checkTarget(world: World, group: TargetGroup, target: Named): string | undefined {
  switch (group.targetType) {
    case 'instance':
      return checkInstance(world, group, target);
    case 'ip':
      return checkAddress(world, group, target);
    case 'alb':
      return checkLoadBalancer(world, group, target);
    case 'lambda':
      throw invalidTarget('Lambda functions are not emulated');
  }
  return group.targetType satisfies never;
}

/** All targets are registered, or none. */
function register(world: World, input: Input): Output {
  const group = targetGroupOf(world.elbv2, input);
  removeDrainedTargets(world, group);
  const targets = nonEmpty(readTargets(input, group), 'Targets').map((target): Target => {
    const availabilityZone = checkTarget(world, group, target);
    const { id, port } = target;
    return {
      id,
      port,
      availabilityZone,
      registeredAt: world.clock.now(),
      registrationSeconds: isHttp(group.protocol) ? 0 : world.options.networkRegistrationSeconds,
      initialSeconds: world.options.healthSeconds,
      drainingUntil: undefined,
      routedUntil: undefined,
      checked: undefined,
      checkedSince: 0,
    };
  });
  const isServing = (target: Target) => {
    const known = group.targets.get(keyOf(target));
    return known !== undefined && known.drainingUntil === undefined;
  };
  const added = new Map(targets.filter((target) => !isServing(target)).map((target) => [keyOf(target), target]));
  if (group.targetType === 'alb') checkSingle(group, added.keys());
  checkTargetQuotas(
    world,
    group,
    [...added].flatMap(([key, target]) => (group.targets.has(key) ? [] : target)),
  );
  for (const [key, target] of added) group.targets.set(key, target);
  return {};
}

/**
 * Deregistering an unregistered target succeeds. If a load balancer uses the group, the target drains first. A Network Load
 * Balancer goes on with new flows for minutes, whatever the delay: github.com/aws/containers-roadmap/issues/470.
 */
function deregister(world: World, input: Input): Output {
  const group = targetGroupOf(world.elbv2, input);
  removeDrainedTargets(world, group);
  const delay = Number(targetGroupAttribute(group, 'deregistration_delay.timeout_seconds'));
  const { drainingSecondsMax, networkDeregistrationSeconds } = world.options;
  const inUse = group.inUseSince !== undefined;
  const routed = inUse && !isHttp(group.protocol) ? networkDeregistrationSeconds : 0;
  const draining = Math.max(routed, inUse ? Math.min(delay, drainingSecondsMax) : 0);
  const now = world.clock.now();
  for (const named of nonEmpty(readTargets(input, group), 'Targets')) {
    const target = group.targets.get(keyOf(named));
    if (!target || target.drainingUntil !== undefined) continue;
    target.drainingUntil = now + draining * 1000;
    target.routedUntil = now + routed * 1000;
  }
  removeDrainedTargets(world, group);
  return {};
}

function describeHealth(world: World, input: Input): Output {
  const group = targetGroupOf(world.elbv2, input);
  removeDrainedTargets(world, group);
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
