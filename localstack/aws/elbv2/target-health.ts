import type { World } from '../world.ts';
import { targetGroupAttribute } from './attributes.ts';
import type { Target, TargetGroup } from './state.ts';
import { loadBalancersByTargetGroup } from './usage.ts';

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html */
export interface TargetHealth {
  readonly State: 'initial' | 'healthy' | 'unhealthy' | 'unhealthy.draining' | 'unused' | 'draining';
  readonly Reason?: string;
  readonly Description?: string;
}

const registering: TargetHealth = {
  State: 'initial',
  Reason: 'Elb.RegistrationInProgress',
  Description: 'Target registration is in progress',
};

/** Removes targets that have drained. */
export function removeDrainedTargets(world: World, group: TargetGroup): void {
  for (const [key, target] of group.targets) {
    if (target.drainingUntil !== undefined && target.drainingUntil <= world.clock.now()) group.targets.delete(key);
  }
}

/** The zones of the group's load balancers. */
export function enabledZones(world: World, group: TargetGroup): ReadonlySet<string> {
  const zones = new Set<string>();
  for (const arn of loadBalancersByTargetGroup(world.elbv2).get(group.arn) ?? []) {
    for (const { zone } of world.elbv2.loadBalancers.get(arn)?.subnets ?? []) zones.add(zone);
  }
  return zones;
}

/**
 * An unhealthy target's connections end after an interval:
 * network/edit-target-group-attributes.html#unhealthy-target-draining-interval.
 */
function isUnhealthyDraining(world: World, group: TargetGroup, { checked, checkedSince }: Target): boolean {
  const seconds = targetGroupAttribute(group, 'target_health_state.unhealthy.draining_interval_seconds');
  return checked?.State === 'unhealthy' && world.clock.now() < checkedSince + Number(seconds ?? '0') * 1000;
}

/**
 * Whether a Network Load Balancer does not know the target yet: it neither checks it nor sends it flows, for 180 to 300
 * seconds in AWS (github.com/kubernetes-sigs/aws-load-balancer-controller/issues/1834).
 */
export function isRegistering(world: World, { inUseSince }: TargetGroup, target: Target): boolean {
  const since = Math.max(target.registeredAt, inUseSince ?? Infinity);
  return world.clock.now() < since + target.registrationSeconds * 1000;
}

/** A target's health. @param target undefined: it is not registered. @param zones the enabled zones of its group */
export function healthOf(
  world: World,
  group: TargetGroup,
  target: Target | undefined,
  zones: ReadonlySet<string>,
): TargetHealth {
  if (!target) {
    return {
      State: 'unused',
      Reason: 'Target.NotRegistered',
      Description: 'Target is not registered to the target group',
    };
  }
  if (target.drainingUntil !== undefined) {
    return {
      State: 'draining',
      Reason: 'Target.DeregistrationInProgress',
      Description: 'Target deregistration is in progress',
    };
  }
  if (group.inUseSince === undefined) {
    return {
      State: 'unused',
      Reason: 'Target.NotInUse',
      Description: 'Target group is not configured to receive traffic from the load balancer',
    };
  }
  const { availabilityZone: zone } = target;
  if (zone !== undefined && zone !== 'all' && !zones.has(zone)) {
    return {
      State: 'unused',
      Reason: 'Target.NotInUse',
      Description: 'Target is in an Availability Zone that is not enabled for the load balancer',
    };
  }
  const instance = group.targetType === 'instance' ? world.ec2.instances.get(target.id) : undefined;
  if (instance && (instance.state === 'shutting-down' || instance.state === 'terminated')) {
    return { State: 'unused', Reason: 'Target.InvalidState', Description: `Target is in the ${instance.state} state` };
  }
  if (isRegistering(world, group, target)) return registering;
  if (world.options.dataPlane) {
    const checked = target.checked ?? registering;
    return isUnhealthyDraining(world, group, target) ? { ...checked, State: 'unhealthy.draining' } : checked;
  }
  const since = Math.max(target.registeredAt, group.inUseSince) + target.registrationSeconds * 1000;
  return world.clock.now() < since + target.initialSeconds * 1000 ? registering : { State: 'healthy' };
}
