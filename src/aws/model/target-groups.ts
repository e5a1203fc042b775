// One target group for each backend. All routes of the Gateway with the same Service port share it.
import type { HealthCheckSettings } from '../../api/health-check.ts';
import type { BackendService } from '../../gateway/backend-service.ts';
import { familyOf, speech, type TargetBackend, targetBackend } from './backends.ts';
import type { ModelContext } from './context.ts';
import { shortHash } from './hash.ts';
import { healthCheckOf } from './health-checks.ts';
import { resourceId } from './naming.ts';
import type { ResourceId, TargetGroupResource } from './resources.ts';

/** The target group of a backend. Its id has the load balancer's scheme, because a target group serves one load balancer. */
export function targetGroup(context: ModelContext, service: BackendService): TargetGroupResource {
  const { scheme, targetType, ipAddressType, healthCheck } = context.topology.settings;
  // Every backend of a rule has an address family that the load balancer can forward to.
  const backend = targetBackend(service, familyOf(service, ipAddressType) ?? 'IPv4');
  const { vpcId } = context.network;
  const group = albGroup(backend, targetType, scheme, vpcId, healthCheck);
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
  healthCheck?: HealthCheckSettings,
): BackendGroup {
  return backendGroup(backend, { targetType, ...speechOf(backend), vpcId }, segment, healthCheck);
}

/** The settings that AWS can't change are part of the id. */
export function backendGroup(
  backend: TargetBackend,
  { vpcId, ...kind }: Pick<TargetGroupResource['spec'], 'targetType' | 'protocol' | 'protocolVersion' | 'vpcId'>,
  segment: string,
  healthCheck?: HealthCheckSettings,
): BackendGroup {
  const { service, port, portName, ipFamily } = backend;
  // AWS requires a port here, but each target is registered with its own port.
  const immutable = { ...kind, port, vpcId, ipAddressType: ipFamily === 'IPv6' ? 'ipv6' : 'ipv4' } as const;
  const id = resourceId('target-group', segment, service, port, shortHash([immutable, portName], 8));
  return { id, backend, spec: { ...immutable, healthCheck: healthCheckOf(kind, backend, healthCheck) } };
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
  const kind = { targetType: 'ip', ...speech[isGrpc ? 'GRPC' : 'HTTP1'] } as const;
  return {
    kind: 'target-group',
    id,
    spec: {
      name: context.name('empty', [id, vpcId]),
      ...kind,
      port: 80,
      vpcId,
      ipAddressType: 'ipv4',
      healthCheck: healthCheckOf(kind),
    },
    attributes: {},
    tags: context.topology.settings.tags,
  };
}
