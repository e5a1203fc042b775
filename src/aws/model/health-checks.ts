// The health check of a target group: what Kubernetes demands, then what the settings say, then our defaults.
import type { HealthCheckSettings } from '../../api/health-check.ts';
import type { TargetBackend } from './backends.ts';
import type { Plane } from './plane.ts';
import type { HealthCheck, TargetGroupResource } from './resources.ts';

/** Readiness in Kubernetes decides which targets are in the group. So any status below 500 counts as healthy. */
export const DEFAULT_HEALTH_CHECK: HealthCheck = {
  protocol: 'HTTP',
  path: '/',
  port: 'traffic-port',
  intervalSeconds: 15,
  timeoutSeconds: 5,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
  matcher: { httpCode: '200-499' },
};

type GroupKind = Pick<TargetGroupResource['spec'], 'targetType' | 'protocol' | 'protocolVersion'>;

const isOfAlb = ({ protocol }: GroupKind): boolean => protocol === 'HTTP' || protocol === 'HTTPS';

/** @param backend absent for a group that never has targets. @param settings of the load balancer or of the Service */
export function healthCheckOf(
  kind: GroupKind,
  backend?: TargetBackend,
  settings: HealthCheckSettings = {},
): HealthCheck {
  const pace = paceOf(kind, settings);
  const kubeProxy = kubeProxyPort(kind, backend);
  if (kubeProxy !== undefined) {
    // There kube-proxy answers whether the node has a local endpoint: 200 or 503.
    return { protocol: 'HTTP', path: '/healthz', port: String(kubeProxy), ...pace, matcher: { httpCode: '200' } };
  }
  const port = String(settings.port ?? backend?.checkPort ?? 'traffic-port');
  const protocol = protocolOf(kind, settings);
  if (protocol === 'TCP') return { protocol, port, ...pace };
  const path = settings.path ?? (kind.protocolVersion === 'GRPC' ? '/AWS.ALB/healthcheck' : '/');
  return { protocol, path, port, ...pace, matcher: matcherOf(kind, settings) };
}

/** The settings that have no effect on any target group of this load balancer. */
export function withoutEffect(plane: Plane, { protocol, path, matcher }: HealthCheckSettings): readonly string[] {
  const { httpCode, grpcCode } = matcher ?? {};
  if (plane === 'alb') {
    return [
      ...(protocol === 'TCP' ? ['protocol TCP'] : []),
      ...(httpCode === undefined || fitsAlb(httpCode) ? [] : [`matcher.httpCode ${httpCode}`]),
    ];
  }
  const isHttp = protocol !== undefined && protocol !== 'TCP';
  return [
    ...(path === undefined || isHttp ? [] : ['path']),
    ...(httpCode === undefined || isHttp ? [] : ['matcher.httpCode']),
    ...(grpcCode === undefined ? [] : ['matcher.grpcCode']),
  ];
}

/** AWS requires a timeout below the interval. */
function paceOf(kind: GroupKind, settings: HealthCheckSettings): Omit<HealthCheck, 'protocol' | 'port'> {
  const { timeoutSeconds: timeout = 0 } = settings;
  const intervalSeconds = settings.intervalSeconds ?? Math.max(isOfAlb(kind) ? 15 : 10, timeout + 1);
  return {
    intervalSeconds,
    timeoutSeconds: settings.timeoutSeconds ?? Math.min(5, intervalSeconds - 1),
    healthyThreshold: settings.healthyThresholdCount ?? 2,
    unhealthyThreshold: settings.unhealthyThresholdCount ?? 2,
  };
}

/** A check speaks what its target group speaks, and kube-proxy speaks HTTP/1.1. */
const kubeProxyPort = (
  { targetType, protocolVersion = 'HTTP1' }: GroupKind,
  backend: TargetBackend | undefined,
): number | undefined =>
  targetType === 'instance' && backend?.local && protocolVersion === 'HTTP1' ? backend.healthCheckNodePort : undefined;

/** Target groups of HTTP and HTTPS cannot be checked by TCP. */
function protocolOf(kind: GroupKind, { protocol }: HealthCheckSettings): HealthCheck['protocol'] {
  if (!isOfAlb(kind)) return protocol ?? 'TCP';
  if (protocol !== undefined && protocol !== 'TCP') return protocol;
  return kind.protocol === 'HTTPS' ? 'HTTPS' : 'HTTP';
}

function matcherOf(kind: GroupKind, { matcher }: HealthCheckSettings): NonNullable<HealthCheck['matcher']> {
  if (kind.protocolVersion === 'GRPC') return { grpcCode: matcher?.grpcCode ?? '0-12' };
  const { httpCode = '200-499' } = matcher ?? {};
  return { httpCode: isOfAlb(kind) && !fitsAlb(httpCode) ? '200-499' : httpCode };
}

/** AWS accepts codes up to 499 of target groups of HTTP and HTTPS, and up to 599 of others. */
const fitsAlb = (codes: string): boolean => codes.split(/[,-]/).every((code) => Number(code) <= 499);
