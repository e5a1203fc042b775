// One target group a backend: whatever routes of the Gateway point to the same Service port share it.
import type { BackendService } from '../../gateway/topology.ts';
import { familyOf, type TargetBackend, targetBackend } from './backends.ts';
import type { ModelContext } from './context.ts';
import { shortHash } from './hash.ts';
import { resourceId } from './naming.ts';
import type { HealthCheck, ResourceId, TargetGroupResource, TargetSelection, TargetType } from './resources.ts';

/** The target group of a backend. The load balancer's scheme is in its id: a target group serves one load balancer. */
export function targetGroup(context: ModelContext, service: BackendService): TargetGroupResource {
  const { scheme, targetType, ipAddressType } = context.topology.settings;
  // No rule has a backend without a family that the load balancer can forward to.
  const backend = targetBackend(service, familyOf(service, ipAddressType) ?? 'IPv4');
  const immutable = immutableSettings(backend, targetType, context.network.vpcId);
  const id = groupId(backend, scheme, immutable);
  return {
    kind: 'target-group',
    id,
    spec: {
      name: context.name(backend.service.slice(backend.service.indexOf('/') + 1), id),
      ...immutable,
      healthCheck: healthCheck(targetType, backend),
    },
    attributes: {},
    backend,
    tags: context.topology.settings.tags,
  };
}

const immutableSettings = (backend: TargetBackend, targetType: 'ip' | 'instance', vpcId: string) =>
  ({
    targetType,
    protocol: 'HTTP',
    protocolVersion: protocolVersion(backend),
    // Each target is registered with a port of its own; this one is only what AWS wants to be told.
    port: backend.port,
    vpcId,
    ipAddressType: backend.ipFamily === 'IPv6' ? 'ipv6' : 'ipv4',
  }) as const;

const groupId = (
  { service, port, portName }: TargetBackend,
  scheme: string,
  immutable: ReturnType<typeof immutableSettings>,
): ResourceId => resourceId('target-group', scheme, service, port, shortHash([immutable, portName], 8));

/**
 * Of the target groups that stand, those that were made for one of the backends, under whatever settings: for when it is
 * not known which settings hold.
 */
export function standingTargetGroups(
  standing: ReadonlySet<ResourceId>,
  backends: readonly BackendService[],
  vpcId: string,
): readonly TargetSelection[] {
  const found = backends.flatMap((each) =>
    everySettings.flatMap(({ scheme, targetType, ipFamily }): readonly TargetSelection[] => {
      const backend = targetBackend(each, ipFamily);
      const id = groupId(backend, scheme, immutableSettings(backend, targetType, vpcId));
      // Without a node port no target can be told: better those that it has than none.
      const isKnown = targetType === 'ip' || backend.nodePort !== undefined;
      return isKnown && standing.has(id) ? [{ id, backend, spec: { targetType } }] : [];
    }),
  );
  return [...new Map(found.map((group) => [group.id, group])).values()];
}

const everySettings = (['internal', 'internet-facing'] as const).flatMap((scheme) =>
  (['ip', 'instance'] as const).flatMap((targetType) =>
    (['IPv4', 'IPv6'] as const).map((ipFamily) => ({ scheme, targetType, ipFamily })),
  ),
);

/** A group that never has a target: an ALB answers 503 for its share. */
export function emptyTargetGroup(context: ModelContext): TargetGroupResource {
  const id: ResourceId = resourceId('target-group', context.topology.settings.scheme, 'empty');
  const { vpcId } = context.network;
  return {
    kind: 'target-group',
    id,
    spec: {
      name: context.name('empty', [id, vpcId]),
      targetType: 'ip',
      protocol: 'HTTP',
      protocolVersion: 'HTTP1',
      port: 80,
      vpcId,
      ipAddressType: 'ipv4',
      healthCheck: DEFAULT_HEALTH_CHECK,
    },
    attributes: {},
    tags: context.topology.settings.tags,
  };
}

function protocolVersion(backend: TargetBackend): 'HTTP1' | 'HTTP2' | 'GRPC' {
  switch (backend.protocol) {
    case 'HTTP1':
    case 'WS':
      return 'HTTP1';
    case 'H2C':
      return 'HTTP2';
    case 'GRPC':
      return 'GRPC';
    default:
      return backend.protocol satisfies never;
  }
}

/** Kubernetes' readiness decides who is in the group; so any answer below 500 will do. */
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

/** The port of each target at which its health is checked, where that is not the one that it serves at. */
export const healthPort = (
  targetType: TargetType,
  backend: Pick<TargetBackend, 'local' | 'healthCheckNodePort'> | undefined,
): number | undefined =>
  targetType === 'instance' && backend?.local === true ? backend.healthCheckNodePort : undefined;

function healthCheck(targetType: 'ip' | 'instance', backend: TargetBackend): HealthCheck {
  const port = healthPort(targetType, backend);
  if (port !== undefined) {
    // kube-proxy answers there whether the node has an endpoint of its own: 200 or 503.
    return {
      ...DEFAULT_HEALTH_CHECK,
      path: '/healthz',
      port: String(port),
      matcher: { httpCode: '200' },
    };
  }
  if (backend.protocol === 'GRPC') {
    // Any status but UNAVAILABLE and its like: UNIMPLEMENTED is what a server without a health service answers.
    return { ...DEFAULT_HEALTH_CHECK, path: '/AWS.ALB/healthcheck', matcher: { grpcCode: '0-12' } };
  }
  return DEFAULT_HEALTH_CHECK;
}
