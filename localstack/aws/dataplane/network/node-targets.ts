// The targets of a load balancer's node in one zone.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/{target-group-health-checks,edit-target-group-attributes}.html
import { loadBalancerAttribute, targetGroupAttribute } from '../../elbv2/attributes.ts';
import type { LoadBalancer, Target, TargetGroup } from '../../elbv2/state.ts';
import {
  enabledZones,
  healthOf,
  isRegistering,
  removeDrainedTargets,
  type TargetHealth,
} from '../../elbv2/target-health.ts';
import type { World } from '../../world.ts';

interface Counted {
  readonly all: readonly Target[];
  readonly healthy: readonly Target[];
  /** Deregistered, but the node does not know yet. */
  readonly leaving: readonly Target[];
}

/** Only the targets of its own zone, unless cross-zone load balancing is on. */
function counted(world: World, loadBalancer: LoadBalancer, group: TargetGroup, zone: string): Counted {
  removeDrainedTargets(world, group);
  const zones = enabledZones(world, group);
  const crossZone = isCrossZone(loadBalancer, group);
  const known = [...group.targets.values()]
    .filter(({ availabilityZone: of }) => crossZone || of === zone || of === 'all' || of === undefined)
    .filter((target) => !isRegistering(world, group, target))
    .map((target) => ({ target, state: healthOf(world, group, target, zones).State }));
  const now = world.clock.now();
  const those = (wanted: (state: TargetHealth['State'], target: Target) => boolean) =>
    known.filter(({ state, target }) => wanted(state, target)).map(({ target }) => target);
  return {
    all: those((state) => state !== 'unused' && state !== 'draining'),
    healthy: those((state) => state === 'healthy'),
    leaving: those((state, { routedUntil = 0 }) => state === 'draining' && now < routedUntil),
  };
}

function isCrossZone(loadBalancer: LoadBalancer, group: TargetGroup): boolean {
  const key = 'load_balancing.cross_zone.enabled';
  const own = targetGroupAttribute(group, key);
  return (own === 'true' || own === 'false' ? own : loadBalancerAttribute(loadBalancer, key)) === 'true';
}

type Threshold = 'dns_failover' | 'unhealthy_state_routing';

/** Whether there are fewer healthy targets than a threshold, by count or by percentage. */
function isBelow(group: TargetGroup, threshold: Threshold, { all, healthy }: Counted): boolean {
  const least = (unit: 'count' | 'percentage'): number => {
    const value = targetGroupAttribute(group, `target_group_health.${threshold}.minimum_healthy_targets.${unit}`);
    return value === 'off' ? 0 : Number(value);
  };
  return healthy.length < least('count') || healthy.length < (least('percentage') / 100) * all.length;
}

/**
 * The healthy targets, and those that leave. If too few are healthy, the node fails open: all registered targets get traffic.
 */
export function nodeTargets(
  world: World,
  loadBalancer: LoadBalancer,
  group: TargetGroup,
  zone: string,
): readonly Target[] {
  const targets = counted(world, loadBalancer, group, zone);
  return [...(isBelow(group, 'unhealthy_state_routing', targets) ? targets.all : targets.healthy), ...targets.leaving];
}

/**
 * Whether the zone's address stays in DNS: each target group must have enough healthy targets. A group without targets
 * removes no zone.
 */
export function isZoneHealthy(
  world: World,
  loadBalancer: LoadBalancer,
  groups: readonly TargetGroup[],
  zone: string,
): boolean {
  return groups.every(
    (group) => group.targets.size === 0 || !isBelow(group, 'dns_failover', counted(world, loadBalancer, group, zone)),
  );
}
