// One target group for each backend. All routes of the Gateway with the same Service port share it.
import type { BackendService } from '../../gateway/topology.ts';
import { familyOf, speech, type TargetBackend, targetBackend } from './backends.ts';
import type { ModelContext } from './context.ts';
import { shortHash } from './hash.ts';
import { resourceId } from './naming.ts';
import type { HealthCheck, ResourceId, TargetGroupResource, TargetSelection, TargetType } from './resources.ts';

/** The target group of a backend. Its id has the load balancer's scheme, because a target group serves one load balancer. */
export function targetGroup(context: ModelContext, service: BackendService): TargetGroupResource {
  const { scheme, targetType, ipAddressType } = context.topology.settings;
  // Every backend of a rule has an address family that the load balancer can forward to.
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
    ...speech[backend.protocol],
    // AWS requires a port here, but each target is registered with its own port.
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
 * The existing target groups of these backends, for any settings. It is used if the current settings are not known.
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
      // Without a node port the targets are unknown, so the group keeps the targets that it has.
      const isKnown = targetType === 'ip' || backend.nodePort !== undefined;
      if (!isKnown || !standing.has(id)) return [];
      return [{ id, backend, spec: { targetType, healthCheck: healthCheck(targetType, backend) } }];
    }),
  );
  return [...new Map(found.map((group) => [group.id, group])).values()];
}

const everySettings = (['internal', 'internet-facing'] as const).flatMap((scheme) =>
  (['ip', 'instance'] as const).flatMap((targetType) =>
    (['IPv4', 'IPv6'] as const).map((ipFamily) => ({ scheme, targetType, ipFamily })),
  ),
);

/** A group that never has targets. An ALB answers 503 for its share. A group of HTTP/1.1 would answer gRPC requests 464. */
export function emptyTargetGroup(context: ModelContext, isGrpc: boolean): TargetGroupResource {
  const id: ResourceId = resourceId('target-group', context.topology.settings.scheme, isGrpc ? 'empty-grpc' : 'empty');
  const { vpcId } = context.network;
  return {
    kind: 'target-group',
    id,
    spec: {
      name: context.name('empty', [id, vpcId]),
      targetType: 'ip',
      ...speech[isGrpc ? 'GRPC' : 'HTTP1'],
      port: 80,
      vpcId,
      ipAddressType: 'ipv4',
      healthCheck: isGrpc ? GRPC_HEALTH_CHECK : DEFAULT_HEALTH_CHECK,
    },
    attributes: {},
    tags: context.topology.settings.tags,
  };
}

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

/** The port of the health check, if it is not the port that the target serves on. */
const GRPC_HEALTH_CHECK: HealthCheck = {
  ...DEFAULT_HEALTH_CHECK,
  path: '/AWS.ALB/healthcheck',
  matcher: { grpcCode: '0-12' },
};

/**
 * The port of the health check, if it is not the port that the target serves on. A check speaks what its target group speaks, and
 * kube-proxy speaks HTTP/1.1.
 */
const healthPort = (targetType: TargetType, backend: TargetBackend): number | undefined =>
  targetType === 'instance' && backend.local && speech[backend.protocol].protocolVersion === 'HTTP1'
    ? backend.healthCheckNodePort
    : undefined;

function healthCheck(targetType: 'ip' | 'instance', backend: TargetBackend): HealthCheck {
  const port = healthPort(targetType, backend);
  if (port !== undefined) {
    // There kube-proxy answers whether the node has a local endpoint: 200 or 503.
    return {
      ...DEFAULT_HEALTH_CHECK,
      path: '/healthz',
      port: String(port),
      matcher: { httpCode: '200' },
    };
  }
  const { protocol, protocolVersion } = speech[backend.protocol];
  return { ...(protocolVersion === 'GRPC' ? GRPC_HEALTH_CHECK : DEFAULT_HEALTH_CHECK), protocol };
}
