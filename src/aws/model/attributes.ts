// The attributes of load balancers. A configuration may be for ALBs and NLBs: each gets those that its type has.
import type { LoadBalancerSettings } from '../../api/load-balancer-configuration.ts';
import type { AttributesWithoutEffect } from '../cloud-problem.ts';
import type { Problem } from '../problem.ts';
import { withoutEffect } from './health-checks.ts';
import type { Plane } from './plane.ts';

type Attributes = Readonly<Record<string, string>>;

/** Backends get the client's Host header, because in the Gateway API only a URLRewrite may change it. */
export const albAttributes = ({ loadBalancerAttributes }: LoadBalancerSettings): Attributes => ({
  'routing.http.preserve_host_header.enabled': 'true',
  ...Object.fromEntries(Object.entries(loadBalancerAttributes).filter(([key]) => !isOfNlb(key))),
});

/** Cross-zone is on unless configured. With AWS's default, a zone whose own targets have failed loses its connections. */
export const nlbAttributes = ({ loadBalancerAttributes }: LoadBalancerSettings): Attributes => ({
  'load_balancing.cross_zone.enabled': 'true',
  ...Object.fromEntries(Object.entries(loadBalancerAttributes).filter(([key]) => !isOfAlb(key))),
});

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html */
const isOfAlb = (key: string): boolean =>
  /^(client_keep_alive|connection_logs|health_check_logs|idle_timeout|routing|waf)\./.test(key);

const isOfNlb = (key: string): boolean => /^(dns_record|load_balancing|secondary_ips)\./.test(key);

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

export const lacking = (
  setting: AttributesWithoutEffect['setting'],
  attributes: readonly string[],
  plane: Plane,
  protocol?: AttributesWithoutEffect['protocol'],
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
