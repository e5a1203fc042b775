// The attributes of an NLB and of its target groups.
import type { LoadBalancerSettings } from '../../../api/load-balancer-configuration.ts';
import type { Problem } from '../../problem.ts';
import { hasDatagrams, type NlbProtocol } from './protocol.ts';

type Attributes = Readonly<Record<string, string>>;

/** With AWS's default of cross-zone, a zone whose own targets have failed sends its connections nowhere else. */
export const nlbAttributes = ({ loadBalancerAttributes }: LoadBalancerSettings): Attributes => ({
  'load_balancing.cross_zone.enabled': 'true',
  ...Object.fromEntries(Object.entries(loadBalancerAttributes).filter(([key]) => !isOfAlb(key))),
});

/** Of an ALB behind the NLB. */
export const attributesBehind = ({ loadBalancerAttributes }: LoadBalancerSettings): Attributes =>
  Object.fromEntries(Object.entries(loadBalancerAttributes).filter(([key]) => !isOfNlb(key)));

/** A configuration may be for ALBs and NLBs. */
export function attributesWithoutEffect({ loadBalancerAttributes }: LoadBalancerSettings): readonly Problem[] {
  const attributes = Object.keys(loadBalancerAttributes).filter(isOfAlb).toSorted();
  return attributes.length === 0 ? [] : [{ kind: 'attributes-without-effect', attributes }];
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html */
const isOfAlb = (key: string): boolean =>
  /^(client_keep_alive|connection_logs|health_check_logs|idle_timeout|routing|waf)\./.test(key);

const isOfNlb = (key: string): boolean => /^(dns_record|load_balancing|secondary_ips)\./.test(key);

/** A zone whose targets of one group have failed stays in DNS: the targets of other routes may be well there. */
export const KEEPS_ZONES: Attributes = {
  'target_group_health.dns_failover.minimum_healthy_targets.count': 'off',
};

export const targetGroupAttributes = (
  { targetGroupAttributes: attributes }: LoadBalancerSettings,
  protocol: NlbProtocol,
): Attributes => ({
  ...KEEPS_ZONES,
  ...Object.fromEntries(Object.entries(attributes).filter(([key]) => !lackedBy(protocol).includes(key))),
});

/** AWS refuses another value than the default. */
const lackedBy = (protocol: NlbProtocol): readonly string[] => {
  if (protocol === 'TLS') return ['stickiness.enabled'];
  return hasDatagrams(protocol)
    ? [
        'preserve_client_ip.enabled',
        'target_health_state.unhealthy.connection_termination.enabled',
        'target_health_state.unhealthy.draining_interval_seconds',
      ]
    : [];
};
