// The attributes of load balancers. A configuration may be for ALBs and NLBs: each gets those that its type supports.
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

/** The settings of load balancers without effect, because the Gateway has only this load balancer. */
export function balancerSettingsWithoutEffect(settings: LoadBalancerSettings, plane: Plane): readonly Problem[] {
  const { loadBalancerAttributes, subnetMappings = [] } = settings;
  const attributes = Object.keys(loadBalancerAttributes).filter(plane === 'nlb' ? isOfAlb : isOfNlb);
  const mapped = plane === 'alb' ? subnetMappings.map(({ subnet }) => subnet) : [];
  return [...lacking('loadBalancerAttributes', attributes, plane), ...lacking('subnetMappings', mapped, plane)];
}

/**
 * The settings of target groups that reach nothing, and those that an ALB replaces.
 * @param planes of the load balancers with targets of routes
 */
export function targetSettingsWithoutEffect(
  { targetGroupAttributes, healthCheck = {} }: LoadBalancerSettings,
  planes: ReadonlySet<Plane>,
): readonly Problem[] {
  if (planes.size === 0) return [];
  const attributes = planes.has('nlb') ? [] : Object.keys(targetGroupAttributes);
  const plane = planes.has('alb') ? 'alb' : 'nlb';
  return [
    ...lacking('targetGroupAttributes', attributes, plane),
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
