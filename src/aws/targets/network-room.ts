// The room of an NLB for targets. AWS refuses more targets, so the status warns before that.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html
import { isOfNetwork } from '../model/naming.ts';
import type { LoadBalancerResource, Model } from '../model/resources.ts';
import type { Problem } from '../problem.ts';
import type { Binding } from './bindings.ts';
import type { Membership } from './membership.ts';

/** AWS's defaults. With cross-zone load balancing, `inZone` is the limit of the whole load balancer. */
const quota = { inZone: 500, inAll: 3000 } as const;

/** The part of the quota from which the status warns. */
const crowdedPart = 0.8;

/** Counts are rounded down to a multiple of this, because not every new pod should change the status. */
const step = 10;

type Members = Pick<Membership, 'members'>;

/** The NLBs with nearly too many targets. @param bindings the Gateway's existing target groups */
export function targetsNearQuota(
  model: Model | undefined,
  bindings: readonly Binding[],
  membership: Members,
): readonly Problem[] {
  return (model?.resources ?? []).flatMap((resource): readonly Problem[] => {
    if (resource.kind !== 'load-balancer' || resource.spec.type !== 'network') return [];
    const own = bindings.filter(({ group }) => nameOf(group.id) === nameOf(resource.id));
    const isCrossZone = resource.attributes['load_balancing.cross_zone.enabled'] === 'true';
    const targets = rounded(countTargets(own, membership, isCrossZone));
    const limit = isCrossZone ? quota.inZone : limitOfZones(resource);
    if (targets < crowdedPart * limit) return [];
    return [{ kind: 'targets-near-quota', loadBalancer: resource.spec.name, targets, limit }];
  });
}

/** An NLB's count of targets if the status may have to warn, else 0. If it changes, the Gateway's pass is due. */
export function crowding(bindings: readonly Binding[], membership: Members): number {
  const ofNetwork = bindings.filter(({ group }) => isOfNetwork(group.id));
  const targets = rounded(countTargets(ofNetwork, membership, true));
  return targets < crowdedPart * quota.inZone ? 0 : targets;
}

/** Assumes that targets are spread evenly over zones. If they are not, AWS may refuse some targets earlier. */
const limitOfZones = ({ spec: { subnets } }: LoadBalancerResource): number =>
  Math.min(quota.inAll, quota.inZone * subnets.length);

/** "If a target is an Application Load Balancer, it counts as 50 targets", and as 100 with cross-zone load balancing. */
const countTargets = (bindings: readonly Binding[], membership: Members, isCrossZone: boolean): number =>
  bindings
    .map(({ arn, group }) => {
      const count = membership.members(arn)?.length ?? 0;
      return group.spec.targetType === 'alb' ? count * (isCrossZone ? 100 : 50) : count;
    })
    .reduce((sum, count) => sum + count, 0);

const rounded = (count: number): number => count - (count % step);

const nameOf = (id: string): string | undefined => id.split('/')[1];
