// AWS's defaults. An attribute that is no longer desired is reset to its default. Attributes that are not listed here have no
// default, or one that depends on something else: they stay as they are.
import type { LoadBalancerResource, TargetGroupResource } from './model/resources.ts';

/** docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html */
const applicationDefaults: Readonly<Record<string, string>> = {
  'access_logs.s3.enabled': 'false',
  'client_keep_alive.seconds': '3600',
  'connection_logs.s3.enabled': 'false',
  'deletion_protection.enabled': 'false',
  'health_check_logs.s3.enabled': 'false',
  'idle_timeout.timeout_seconds': '60',
  'routing.http.desync_mitigation_mode': 'defensive',
  'routing.http.drop_invalid_header_fields.enabled': 'false',
  'routing.http.preserve_host_header.enabled': 'false',
  'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': 'false',
  'routing.http.xff_client_port.enabled': 'false',
  'routing.http.xff_header_processing.mode': 'append',
  'routing.http2.enabled': 'true',
  'waf.fail_open.enabled': 'false',
  'zonal_shift.config.enabled': 'false',
};

/**
 * docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-load-balancer-attributes.html. The number of secondary addresses
 * is not among them, because it never gets lower again.
 */
const networkDefaults: Readonly<Record<string, string>> = {
  'access_logs.s3.enabled': 'false',
  'deletion_protection.enabled': 'false',
  'dns_record.client_routing_policy': 'any_availability_zone',
  'load_balancing.cross_zone.enabled': 'false',
  'zonal_shift.config.enabled': 'false',
};

export const loadBalancerDefaults = (isNetwork: boolean): Attributes =>
  isNetwork ? networkDefaults : applicationDefaults;

/** docs.aws.amazon.com/elasticloadbalancing/latest/{application,network}/edit-target-group-attributes.html */
const targetGroupDefaults: Readonly<Record<string, string>> = {
  'deregistration_delay.timeout_seconds': '300',
  'load_balancing.algorithm.anomaly_mitigation': 'off',
  'load_balancing.algorithm.type': 'round_robin',
  'load_balancing.cross_zone.enabled': 'use_load_balancer_configuration',
  'proxy_protocol_v2.enabled': 'false',
  'slow_start.duration_seconds': '0',
  'stickiness.enabled': 'false',
  'target_group_health.dns_failover.minimum_healthy_targets.count': '1',
  'target_group_health.dns_failover.minimum_healthy_targets.percentage': 'off',
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': '1',
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': 'off',
  'target_health_state.unhealthy.draining_interval_seconds': '0',
};

function networkTargetGroupDefaults({ protocol, targetType }: TargetGroupResource['spec']): Attributes {
  const isUdp = protocol === 'UDP' || protocol === 'TCP_UDP';
  return {
    ...targetGroupDefaults,
    'deregistration_delay.connection_termination.enabled': String(isUdp),
    'preserve_client_ip.enabled': String(isUdp || targetType !== 'ip'),
    'target_health_state.unhealthy.connection_termination.enabled': String(!isUdp),
  };
}

export type Attributes = Readonly<Record<string, string>>;

/** The kinds of resources that have attributes. */
export type AttributesKind = 'load-balancer' | 'target-group';

export function defaultsOf(resource: LoadBalancerResource | TargetGroupResource): Attributes {
  if (resource.kind === 'load-balancer') return loadBalancerDefaults(resource.spec.type === 'network');
  const { protocol } = resource.spec;
  return protocol === 'HTTP' || protocol === 'HTTPS' ? targetGroupDefaults : networkTargetGroupDefaults(resource.spec);
}

/** The attributes to set, so that `current` becomes `desired`, and everything else AWS's default. */
export function attributesDelta(desired: Attributes, current: Attributes, defaults: Attributes): Attributes {
  const reset = Object.entries(defaults).filter(([key]) => key in current && !(key in desired));
  const wanted = [...Object.entries(desired), ...reset];
  const isSet = (key: string, value: string) => key in current && canonical(current[key] ?? '') === canonical(value);
  return Object.fromEntries(wanted.filter(([key, value]) => !isSet(key, value)));
}

/** AWS may return `060` as `60` and `True` as `true`: another spelling is no difference. */
function canonical(value: string): string {
  if (/^\d{1,15}$/.test(value)) return String(Number(value));
  return /^(true|false)$/i.test(value) ? value.toLowerCase() : value;
}

/** A load balancer, by what its defaults depend on. */
interface Balancer {
  readonly isNetwork: boolean;
  readonly isInternal: boolean;
}

/** What AWS shows of an attribute that nobody has set. */
const unsetValues = ({ isNetwork, isInternal }: Balancer): Attributes => ({
  ...Object.fromEntries(
    ['access_logs', 'connection_logs', 'health_check_logs'].flatMap((logs) => [
      [`${logs}.s3.bucket`, ''],
      [`${logs}.s3.prefix`, ''],
    ]),
  ),
  'ipv6.deny_all_igw_traffic': String(isInternal),
  'secondary_ips.auto_assigned.per_subnet': '0',
  ...loadBalancerDefaults(isNetwork),
});

function withoutUnset(attributes: Attributes, unset: Attributes): Attributes {
  const spelled = Object.entries(attributes).map(([key, value]) => [key, canonical(value)] as const);
  return Object.fromEntries(spelled.filter(([key, value]) => unset[key] !== value));
}

/**
 * What the tag with the hash of the desired attributes is made of. The tag must show later whether deletion protection is ours,
 * so attributes are left out there that have AWS's default value anyway.
 */
export function hashedAttributes({ attributes, ...desired }: LoadBalancerResource | TargetGroupResource): Attributes {
  if (desired.kind === 'target-group' || attributes['deletion_protection.enabled'] !== 'true') return attributes;
  const { type, scheme } = desired.spec;
  return withoutUnset(attributes, unsetValues({ isNetwork: type === 'network', isInternal: scheme === 'internal' }));
}

/** What `hashedAttributes` was, if AWS has now what was desired. @param current as AWS describes them */
export function asHashed(current: Attributes, balancer: Balancer): Attributes {
  const unset = unsetValues(balancer);
  const known = Object.fromEntries(Object.entries(current).filter(([key]) => key in unset));
  return withoutUnset(known, unset);
}
