// One target group for each backend. All routes of the Gateway with the same Service port share it.
import type { BackendService } from '../../gateway/topology.ts';
import { familyOf, speech, type TargetBackend, targetBackend } from './backends.ts';
import type { ModelContext } from './context.ts';
import { shortHash } from './hash.ts';
import { resourceId } from './naming.ts';
import type { HealthCheck, ResourceId, TargetGroupResource, TargetType } from './resources.ts';

/** The target group of a backend. Its id has the load balancer's scheme, because a target group serves one load balancer. */
export function targetGroup(context: ModelContext, service: BackendService): TargetGroupResource {
  const { scheme, targetType, ipAddressType } = context.topology.settings;
  // Every backend of a rule has an address family that the load balancer can forward to.
  const backend = targetBackend(service, familyOf(service, ipAddressType) ?? 'IPv4');
  const { vpcId } = context.network;
  const group = albGroup(backend, targetType, scheme, vpcId);
  return groupResource(context, group, {});
}

/** What a group is, whatever its Gateway calls it. */
export interface BackendGroup {
  readonly id: ResourceId;
  readonly backend: TargetBackend;
  readonly spec: Omit<TargetGroupResource['spec'], 'name'>;
}

export function albGroup(
  backend: TargetBackend,
  targetType: 'ip' | 'instance',
  segment: string,
  vpcId: string,
): BackendGroup {
  const check = healthCheck(targetType, backend);
  return backendGroup(backend, { targetType, ...speechOf(backend), vpcId }, segment, check);
}

/** The settings that AWS can't change are part of the id. */
export function backendGroup(
  backend: TargetBackend,
  { vpcId, ...kind }: Pick<TargetGroupResource['spec'], 'targetType' | 'protocol' | 'protocolVersion' | 'vpcId'>,
  segment: string,
  check: HealthCheck,
): BackendGroup {
  const { service, port, portName, ipFamily } = backend;
  // AWS requires a port here, but each target is registered with its own port.
  const immutable = { ...kind, port, vpcId, ipAddressType: ipFamily === 'IPv6' ? 'ipv6' : 'ipv4' } as const;
  const id = resourceId('target-group', segment, service, port, shortHash([immutable, portName], 8));
  return { id, backend, spec: { ...immutable, healthCheck: check } };
}

export const groupResource = (
  context: ModelContext,
  { id, backend, spec }: BackendGroup,
  attributes: TargetGroupResource['attributes'],
): TargetGroupResource => ({
  kind: 'target-group',
  id,
  spec: { name: context.name(backend.service.slice(backend.service.indexOf('/') + 1), id), ...spec },
  attributes,
  backend,
  tags: context.topology.settings.tags,
});

const speechOf = ({ protocol = 'HTTP1' }: TargetBackend) => speech[protocol];

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

const GRPC_HEALTH_CHECK: HealthCheck = {
  ...DEFAULT_HEALTH_CHECK,
  path: '/AWS.ALB/healthcheck',
  matcher: { grpcCode: '0-12' },
};

/**
 * The port of the health check, if it is not the port that the target serves on. A check speaks what its target group speaks, and
 * kube-proxy speaks HTTP/1.1.
 */
export const healthPort = (targetType: TargetType, backend: TargetBackend): number | undefined =>
  (targetType === 'instance' && backend.local && speechOf(backend).protocolVersion === 'HTTP1'
    ? backend.healthCheckNodePort
    : undefined) ?? backend.checkPort;

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
  const { protocol, protocolVersion } = speechOf(backend);
  return { ...(protocolVersion === 'GRPC' ? GRPC_HEALTH_CHECK : DEFAULT_HEALTH_CHECK), protocol };
}
