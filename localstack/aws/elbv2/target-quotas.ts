// The limits for targets of a target group and its load balancers.
// docs.aws.amazon.com/elasticloadbalancing/latest/{application,network}/load-balancer-limits.html
import { AwsError } from '../service.ts';
import type { World } from '../world.ts';
import { loadBalancerAttribute } from './attributes.ts';
import type { LoadBalancer, Target, TargetGroup } from './state.ts';
import { loadBalancersByTargetGroup } from './usage.ts';

const tooMany = (where: string) =>
  new AwsError('TooManyTargets', `The maximum number of targets ${where} has been reached`);

/** @param added targets that the group does not have yet */
export function checkTargetQuotas(world: World, group: TargetGroup, added: readonly Target[]): void {
  const { quotas } = world.options;
  if (group.targets.size + added.length > quotas['targets-per-target-group']) throw tooMany('in this target group');
  const used = loadBalancersByTargetGroup(world.elbv2);
  for (const arn of used.get(group.arn) ?? []) {
    const loadBalancer = world.elbv2.loadBalancers.get(arn);
    if (!loadBalancer) continue;
    const groups = [...world.elbv2.targetGroups.values()].filter((each) => used.get(each.arn)?.has(arn));
    const after = [...groups.flatMap(({ targets }) => [...targets.values()]), ...added];
    if (loadBalancer.type === 'network') checkNetworkQuotas(world, loadBalancer, after);
    else if (after.length > quotas['targets-per-application-load-balancer']) throw tooMany('on this load balancer');
  }
}

/** "If cross-zone load balancing is enabled, the maximum number of targets per load balancer is 500." */
function checkNetworkQuotas(world: World, loadBalancer: LoadBalancer, after: readonly Target[]): void {
  const {
    'targets-per-network-load-balancer': inAll,
    'targets-per-availability-zone-per-network-load-balancer': inZone,
  } = world.options.quotas;
  const crossZone = loadBalancerAttribute(loadBalancer, 'load_balancing.cross_zone.enabled') === 'true';
  // "Each Application Load Balancer that is a target counts as 50 targets, or 100 with cross-zone load balancing."
  const count = ({ id }: Target) => (id.startsWith('arn:') ? (crossZone ? 100 : 50) : 1);
  const byZone = new Map<string | undefined, number>();
  for (const target of after) {
    byZone.set(target.availabilityZone, (byZone.get(target.availabilityZone) ?? 0) + count(target));
  }
  const total = [...byZone.values()].reduce((sum, each) => sum + each, 0);
  if (total > (crossZone ? inZone : inAll)) throw tooMany('on this load balancer');
  if (Math.max(0, ...byZone.values()) > inZone) throw tooMany('in this Availability Zone');
}
