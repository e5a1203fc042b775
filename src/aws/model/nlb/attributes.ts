// The attributes of an NLB and of its target groups.
import type { LoadBalancerSettings } from '../../../api/load-balancer-configuration.ts';
import type { TargetGroupResource } from '../resources.ts';

/**
 * AWS's default is off: then a zone whose own targets have failed sends its connections nowhere else.
 */
export const nlbAttributes = ({ loadBalancerAttributes }: LoadBalancerSettings): Readonly<Record<string, string>> => ({
  'load_balancing.cross_zone.enabled': 'true',
  ...loadBalancerAttributes,
});

/** A zone whose targets of one group have failed stays in DNS: the targets of other routes may be well there. */
export const targetGroupAttributes = (
  _settings: LoadBalancerSettings,
  _protocol: TargetGroupResource['spec']['protocol'],
): Readonly<Record<string, string>> => ({
  'target_group_health.dns_failover.minimum_healthy_targets.count': 'off',
});
