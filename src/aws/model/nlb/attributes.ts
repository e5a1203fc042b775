// The attributes of an NLB and of its target groups.
import type { LoadBalancerSettings } from '../../../api/load-balancer-configuration.ts';
import type { AttributesWithoutEffect } from '../../cloud-problem.ts';
import type { Problem } from '../../problem.ts';
import { withoutEffect } from '../health-checks.ts';
import type { Plane } from '../plane.ts';
import { hasDatagrams, type NlbProtocol } from './protocol.ts';

type Attributes = Readonly<Record<string, string>>;

/** Cross-zone is on unless configured. With AWS's default, a zone whose own targets have failed loses its connections. */
export const nlbAttributes = ({ loadBalancerAttributes }: LoadBalancerSettings): Attributes => ({
  'load_balancing.cross_zone.enabled': 'true',
  ...Object.fromEntries(Object.entries(loadBalancerAttributes).filter(([key]) => !isOfAlb(key))),
});

/** A configuration may be for ALBs and NLBs. */
export const albAttributes = ({ loadBalancerAttributes }: LoadBalancerSettings): Attributes =>
  Object.fromEntries(Object.entries(loadBalancerAttributes).filter(([key]) => !isOfNlb(key)));

/** The settings without effect, because the Gateway has only this load balancer. */
export function attributesWithoutEffect(settings: LoadBalancerSettings, plane: Plane): readonly Problem[] {
  const { loadBalancerAttributes, targetGroupAttributes: ofGroups, subnetMappings = [], healthCheck = {} } = settings;
  const attributes = Object.keys(loadBalancerAttributes).filter(plane === 'nlb' ? isOfAlb : isOfNlb);
  return [
    ...lacking('loadBalancerAttributes', attributes, plane),
    ...(plane === 'alb'
      ? [
          ...lacking('targetGroupAttributes', Object.keys(ofGroups), plane),
          ...lacking(
            'subnetMappings',
            subnetMappings.map(({ subnet }) => subnet),
            plane,
          ),
        ]
      : []),
    ...lacking('targetGroupHealthCheck', withoutEffect(plane, healthCheck), plane),
  ];
}

/** @param protocols the protocols of the existing target groups */
export const groupAttributesWithoutEffect = (
  { targetGroupAttributes: attributes }: LoadBalancerSettings,
  protocols: ReadonlySet<NlbProtocol>,
): readonly Problem[] =>
  [...protocols].flatMap((protocol) => {
    const lacked = lackedBy(protocol).filter((key) => Object.hasOwn(attributes, key));
    return lacking('targetGroupAttributes', lacked, 'nlb', protocol);
  });

const lacking = (
  setting: AttributesWithoutEffect['setting'],
  attributes: readonly string[],
  plane: Plane,
  protocol?: NlbProtocol,
): readonly Problem[] =>
  attributes.length === 0
    ? []
    : [
        {
          kind: 'attributes-without-effect',
          setting,
          attributes: attributes.toSorted(),
          plane,
          ...(protocol !== undefined && { protocol }),
        },
      ];

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

/** Attributes for which AWS accepts only the default value. */
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
