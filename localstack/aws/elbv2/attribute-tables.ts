// All attributes, with defaults and allowed values.
import type { LoadBalancer, TargetGroup } from './state.ts';

export interface Attribute {
  readonly key: string;
  readonly value: string;
  readonly allows: (value: string) => boolean;
}

const anything = () => true;

const attribute = (key: string, value: string, allows: Attribute['allows']): Attribute => ({ key, value, allows });
const flag = (key: string, value: 'true' | 'false') => choice(key, value, 'true', 'false');

function choice(key: string, value: string, ...values: readonly string[]): Attribute {
  return attribute(key, value, (wanted) => values.includes(wanted));
}

function number(key: string, value: string, min: number, max: number, ...words: readonly string[]): Attribute {
  const inRange = (wanted: string) => /^[0-9]{1,9}$/.test(wanted) && Number(wanted) >= min && Number(wanted) <= max;
  return attribute(key, value, (wanted) => words.includes(wanted) || inRange(wanted));
}

function logs(kind: 'access_logs' | 'connection_logs' | 'health_check_logs'): readonly Attribute[] {
  return [
    flag(`${kind}.s3.enabled`, 'false'),
    attribute(`${kind}.s3.bucket`, '', anything),
    attribute(`${kind}.s3.prefix`, '', anything),
  ];
}

const applicationLoadBalancer: readonly Attribute[] = [
  choice('load_balancing.cross_zone.enabled', 'true', 'true'),
  number('idle_timeout.timeout_seconds', '60', 1, 4000),
  number('client_keep_alive.seconds', '3600', 60, 604_800),
  ...logs('connection_logs'),
  ...logs('health_check_logs'),
  choice('routing.http.desync_mitigation_mode', 'defensive', 'monitor', 'defensive', 'strictest'),
  flag('routing.http.drop_invalid_header_fields.enabled', 'false'),
  flag('routing.http.preserve_host_header.enabled', 'false'),
  flag('routing.http.x_amzn_tls_version_and_cipher_suite.enabled', 'false'),
  flag('routing.http.xff_client_port.enabled', 'false'),
  choice('routing.http.xff_header_processing.mode', 'append', 'append', 'preserve', 'remove'),
  flag('routing.http2.enabled', 'true'),
  flag('waf.fail_open.enabled', 'false'),
];

const networkLoadBalancer: readonly Attribute[] = [
  flag('load_balancing.cross_zone.enabled', 'false'),
  choice(
    'dns_record.client_routing_policy',
    'any_availability_zone',
    'availability_zone_affinity',
    'partial_availability_zone_affinity',
    'any_availability_zone',
  ),
  number('secondary_ips.auto_assigned.per_subnet', '0', 0, 7),
];

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html */
export function loadBalancerTable({ type, scheme }: Pick<LoadBalancer, 'type' | 'scheme'>): readonly Attribute[] {
  return [
    flag('deletion_protection.enabled', 'false'),
    ...logs('access_logs'),
    flag('ipv6.deny_all_igw_traffic', scheme === 'internal' ? 'true' : 'false'),
    flag('zonal_shift.config.enabled', 'false'),
    ...(type === 'application' ? applicationLoadBalancer : networkLoadBalancer),
  ];
}

const bothTargetGroups: readonly Attribute[] = [
  number('deregistration_delay.timeout_seconds', '300', 0, 3600),
  flag('stickiness.enabled', 'false'),
  choice(
    'load_balancing.cross_zone.enabled',
    'use_load_balancer_configuration',
    'true',
    'false',
    'use_load_balancer_configuration',
  ),
  number('target_group_health.dns_failover.minimum_healthy_targets.count', '1', 1, 1000, 'off'),
  number('target_group_health.dns_failover.minimum_healthy_targets.percentage', 'off', 1, 100, 'off'),
  number('target_group_health.unhealthy_state_routing.minimum_healthy_targets.count', '1', 1, 1000),
  number('target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage', 'off', 1, 100, 'off'),
];

const isSlowStart = (value: string) =>
  value === '0' || (/^[0-9]{2,3}$/.test(value) && Number(value) >= 30 && Number(value) <= 900);

const applicationTargetGroup: readonly Attribute[] = [
  choice('stickiness.type', 'lb_cookie', 'lb_cookie', 'app_cookie'),
  number('stickiness.lb_cookie.duration_seconds', '86400', 1, 604_800),
  number('stickiness.app_cookie.duration_seconds', '86400', 1, 604_800),
  attribute('stickiness.app_cookie.cookie_name', '', (name) => !name.startsWith('AWSALB')),
  attribute('slow_start.duration_seconds', '0', isSlowStart),
  choice(
    'load_balancing.algorithm.type',
    'round_robin',
    'round_robin',
    'least_outstanding_requests',
    'weighted_random',
  ),
  choice('load_balancing.algorithm.anomaly_mitigation', 'off', 'on', 'off'),
];

function networkTargetGroup({
  protocol,
  targetType,
}: Pick<TargetGroup, 'protocol' | 'targetType'>): readonly Attribute[] {
  const udp = protocol === 'UDP' || protocol === 'TCP_UDP';
  const tcp = protocol === 'TCP' || protocol === 'TLS';
  return [
    choice('stickiness.type', 'source_ip', 'source_ip'),
    flag('deregistration_delay.connection_termination.enabled', udp ? 'true' : 'false'),
    // "Client IP preservation can't be disabled for UDP and TCP_UDP target groups"; or if the target is a load balancer.
    udp || targetType === 'alb'
      ? choice('preserve_client_ip.enabled', 'true', 'true')
      : flag('preserve_client_ip.enabled', targetType === 'ip' && tcp ? 'false' : 'true'),
    flag('proxy_protocol_v2.enabled', 'false'),
    // "This attribute can't be enabled for UDP and TCP_UDP target groups."
    udp
      ? choice('target_health_state.unhealthy.connection_termination.enabled', 'false', 'false')
      : flag('target_health_state.unhealthy.connection_termination.enabled', 'true'),
    number('target_health_state.unhealthy.draining_interval_seconds', '0', 0, 360_000),
  ];
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html */
export function targetGroupTable(group: Pick<TargetGroup, 'protocol' | 'targetType'>): readonly Attribute[] {
  const http = group.protocol === 'HTTP' || group.protocol === 'HTTPS';
  return [...bothTargetGroups, ...(http ? applicationTargetGroup : networkTargetGroup(group))];
}

const responseHeaders = [
  'strict_transport_security',
  'access_control_allow_origin',
  'access_control_allow_methods',
  'access_control_allow_headers',
  'access_control_allow_credentials',
  'access_control_expose_headers',
  'access_control_max_age',
  'content_security_policy',
  'x_content_type_options',
  'x_frame_options',
];

const tlsHeaders = ['x_amzn_tls_version', 'x_amzn_tls_cipher_suite'];

const mutualTlsHeaders = [
  'x_amzn_mtls_clientcert_serial_number',
  'x_amzn_mtls_clientcert_issuer',
  'x_amzn_mtls_clientcert_subject',
  'x_amzn_mtls_clientcert_validity',
  'x_amzn_mtls_clientcert_leaf',
  'x_amzn_mtls_clientcert',
];

const http: readonly Attribute[] = [
  flag('routing.http.response.server.enabled', 'true'),
  ...responseHeaders.map((header) => attribute(`routing.http.response.${header}.header_value`, '', anything)),
];

/** `x_amzn_tls_version` → `X-Amzn-Tls-Version`: the default name of such a header. */
const headerName = (key: string) =>
  key.replaceAll(/(^|_)([a-z])/g, (_, dash: string, letter: string) => `${dash && '-'}${letter.toUpperCase()}`);

const https: readonly Attribute[] = [
  ...http,
  ...[...tlsHeaders, ...mutualTlsHeaders].map((header) =>
    attribute(`routing.http.request.${header}.header_name`, headerName(header), (name) =>
      /^[A-Za-z0-9_-]{1,40}$/.test(name),
    ),
  ),
];

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html */
export function listenerTable(protocol: string): readonly Attribute[] {
  switch (protocol) {
    case 'HTTP':
      return http;
    case 'HTTPS':
      return https;
    case 'TCP':
      return [number('tcp.idle_timeout.seconds', '350', 60, 6000)];
    default:
      return [];
  }
}
