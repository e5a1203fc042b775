// The attributes of an NLB's target groups.
import type { LoadBalancerSettings } from '../../../api/load-balancer-configuration.ts';
import type { Problem } from '../../problem.ts';
import { lacking } from '../attributes.ts';
import type { TargetGroupResource } from '../resources.ts';
import { hasDatagrams, type NlbProtocol } from './protocol.ts';

type Attributes = Readonly<Record<string, string>>;

/** @param protocols the protocols of the existing target groups */
export const groupAttributesWithoutEffect = (
  { targetGroupAttributes: attributes }: LoadBalancerSettings,
  protocols: ReadonlySet<NlbProtocol>,
): readonly Problem[] =>
  [...protocols].flatMap((protocol) => {
    const lacked = lackedBy(protocol, attributes).filter((key) => Object.hasOwn(attributes, key));
    return lacking('targetGroupAttributes', lacked, 'nlb', protocol);
  });

/** A zone whose targets of one group have failed stays in DNS: the targets of other routes may be well there. */
export const KEEPS_ZONES: Attributes = {
  'target_group_health.dns_failover.minimum_healthy_targets.count': 'off',
};

export const targetGroupAttributes = (
  { targetGroupAttributes: attributes }: LoadBalancerSettings,
  protocol: NlbProtocol,
): Attributes => ({
  ...KEEPS_ZONES,
  ...Object.fromEntries(Object.entries(attributes).filter(([key]) => !lackedBy(protocol, attributes).includes(key))),
});

/** A target group of a TLS listener: AWS has no sticky sessions there. */
export function withoutStickiness(group: TargetGroupResource): TargetGroupResource {
  const { 'stickiness.enabled': _, ...attributes } = group.attributes;
  return { ...group, attributes };
}

const TERMINATION = 'target_health_state.unhealthy.connection_termination.enabled';
const DRAINING = 'target_health_state.unhealthy.draining_interval_seconds';

/** Attributes for which AWS accepts only the default value. */
function lackedBy(protocol: NlbProtocol, attributes: Attributes): readonly string[] {
  if (hasDatagrams(protocol)) return ['preserve_client_ip.enabled', TERMINATION, DRAINING];
  // Connections that are terminated do not drain.
  const drains = attributes[TERMINATION] === 'false' || attributes[DRAINING] === '0';
  return [...(protocol === 'TLS' ? ['stickiness.enabled'] : []), ...(drains ? [] : [DRAINING])];
}
