// Finds the load balancers of target groups through rules and listeners. A target group has no list of its own.
import { AwsError } from '../service.ts';
import type { World } from '../world.ts';
import type { RuleAction } from './actions.ts';
import { invalidConfiguration } from './errors.ts';
import type { Elbv2State, LoadBalancer, Rule } from './state.ts';

export function targetGroupsOf(actions: readonly RuleAction[]): readonly string[] {
  return actions.flatMap((action) =>
    action.Type === 'forward' ? action.ForwardConfig.TargetGroups.map((group) => group.TargetGroupArn) : [],
  );
}

/** The load balancers of each target group in use, by target group ARN. */
export function loadBalancersByTargetGroup(state: Elbv2State): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>();
  for (const rule of state.rules.values()) {
    for (const arn of targetGroupsOf(rule.actions)) {
      const arns = used.get(arn);
      if (arns) arns.add(rule.loadBalancerArn);
      else used.set(arn, new Set([rule.loadBalancerArn]));
    }
  }
  return used;
}

/**
 * Refuses actions that would give a target group a second load balancer, or the load balancer too many target groups.
 * @param replaced the rule whose actions are replaced, if any
 */
export function checkUsage(
  world: World,
  loadBalancer: LoadBalancer,
  actions: readonly RuleAction[],
  replaced: Rule | undefined,
): void {
  const wanted = targetGroupsOf(actions);
  if (wanted.length === 0) return;
  const ours = new Set(wanted);
  for (const rule of world.elbv2.rules.values()) {
    if (rule === replaced) continue;
    for (const arn of targetGroupsOf(rule.actions)) {
      if (rule.loadBalancerArn === loadBalancer.arn) ours.add(arn);
      else if (wanted.includes(arn)) {
        const message = `The following target groups cannot be associated with more than one load balancer: ${arn}`;
        throw new AwsError('TargetGroupAssociationLimit', message);
      }
    }
  }
  if (
    loadBalancer.type === 'application' &&
    ours.size > world.options.quotas['target-groups-per-application-load-balancer']
  ) {
    const message = 'The maximum number of unique target groups on this load balancer has been reached';
    throw new AwsError('TooManyUniqueTargetGroupsPerLoadBalancer', message);
  }
}

/** Refuses a target group that this load balancer can't use. */
export function checkReachable(world: World, loadBalancer: LoadBalancer, actions: readonly RuleAction[]): void {
  for (const arn of targetGroupsOf(actions)) {
    const group = world.elbv2.targetGroups.get(arn);
    if (group?.vpcId !== loadBalancer.vpcId) {
      throw invalidConfiguration(`The following target groups are in a different VPC than load balancer: ${arn}`);
    }
    if (group.ipAddressType === 'ipv6' && loadBalancer.ipAddressType === 'ipv4') {
      throw invalidConfiguration(
        `Target group '${arn}' is ipv6; the load balancer's IP address type must be dualstack`,
      );
    }
  }
}

/** Call it with the target groups that rules used before or use now: their target health starts here. */
export function noteUsage(world: World, arns: Iterable<string>): void {
  const used = loadBalancersByTargetGroup(world.elbv2);
  for (const arn of arns) {
    const group = world.elbv2.targetGroups.get(arn);
    if (!group) continue;
    group.inUseSince = used.has(arn) ? (group.inUseSince ?? world.clock.now()) : undefined;
  }
}
