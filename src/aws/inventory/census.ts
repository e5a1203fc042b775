// How many load balancers and target groups the account has in the Region. AWS limits their number, so the status warns before.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html
import type { RegionNearQuota } from '../cloud-problem.ts';
import type { Model } from '../model/resources.ts';
import { isNetworkLoadBalancer } from '../network-arn.ts';
import type { Problem } from '../problem.ts';

const counted = ['application', 'network', 'target-groups'] as const;

export type Census = Readonly<Record<RegionNearQuota['of'], number>>;

/** AWS's defaults. */
const quotas: Census = { application: 50, network: 50, 'target-groups': 3000 };

/** The part of a quota from which the status warns. */
const crowdedPart = 0.9;

/** @param arns of load balancers of any type, and of target groups; others do not count */
export function censusOf(arns: readonly string[]): Census {
  return {
    application: arns.filter((arn) => arn.includes(':loadbalancer/app/')).length,
    network: arns.filter(isNetworkLoadBalancer).length,
    'target-groups': arns.filter((arn) => arn.includes(':targetgroup/')).length,
  };
}

export const difference = (all: Census, some: Census): Census => combined(all, some, (a, b) => a - b);
export const sum = (some: Census, others: Census): Census => combined(some, others, (a, b) => a + b);

const combined = (a: Census, b: Census, each: (a: number, b: number) => number): Census => ({
  application: each(a.application, b.application),
  network: each(a.network, b.network),
  'target-groups': each(a['target-groups'], b['target-groups']),
});

/** Of what the Gateway has. Above AWS's default, the quota was raised, so nothing is known of it. */
export function regionNearQuota(model: Model | undefined, census: Census): readonly Problem[] {
  const resources = model?.resources ?? [];
  const has: Readonly<Record<keyof Census, boolean>> = {
    application: resources.some((each) => each.kind === 'load-balancer' && each.spec.type === undefined),
    network: resources.some((each) => each.kind === 'load-balancer' && each.spec.type === 'network'),
    'target-groups': resources.some(({ kind }) => kind === 'target-group'),
  };
  return counted.flatMap((of): readonly Problem[] => {
    const [count, limit] = [census[of], quotas[of]];
    return has[of] && count >= crowdedPart * limit && count <= limit ? [{ kind: 'region-near-quota', of, limit }] : [];
  });
}
