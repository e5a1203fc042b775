// The target groups of an NLB: one per backend and protocol.
import type { BackendService, IpFamily } from '../../../gateway/topology.ts';
import { type TargetBackend, targetBackend } from '../backends.ts';
import type { ModelContext } from '../context.ts';
import { resourceId } from '../naming.ts';
import type { HealthCheck, TargetGroupResource } from '../resources.ts';
import { type BackendGroup, backendGroup, groupResource, healthPort } from '../target-groups.ts';
import { targetGroupAttributes } from './attributes.ts';
import { hasDatagrams, type NlbProtocol } from './protocol.ts';

export function nlbTargetGroup(
  context: ModelContext,
  protocol: NlbProtocol,
  family: IpFamily,
  service: BackendService,
): TargetGroupResource {
  const { settings } = context.topology;
  const { targetType } = settings;
  const backend = nlbBackend(service, protocol, targetType, family);
  const group = nlbGroup(backend, protocol, targetType, context.segment, context.network.vpcId);
  return {
    ...groupResource(context, group, targetGroupAttributes(settings, protocol)),
    ...(isUnchecked(targetType, backend) && { unchecked: true }),
  };
}

export function nlbGroup(
  backend: TargetBackend,
  protocol: NlbProtocol,
  targetType: 'ip' | 'instance',
  segment: string,
  vpcId: string,
): BackendGroup {
  return backendGroup(backend, { targetType, protocol, vpcId }, segment, healthCheck(targetType, backend));
}

export function nlbBackend(
  service: BackendService,
  protocol: NlbProtocol,
  targetType: 'ip' | 'instance',
  ipFamily: IpFamily,
): TargetBackend {
  const { protocol: _, transport: __, ...backend } = targetBackend(service, ipFamily);
  const checkPort = protocol === 'UDP' ? tcpPortBeside(service, targetType) : undefined;
  return {
    ...backend,
    ...(hasDatagrams(protocol) && { transport: protocol === 'UDP' ? 'UDP' : 'TCP_UDP' }),
    ...(checkPort !== undefined && { checkPort }),
  };
}

/** The TCP port of a UDP port's targets: the Service's TCP port with the same number, else its first TCP port that is known. */
function tcpPortBeside({ port, tcp = [] }: BackendService, targetType: 'ip' | 'instance'): number | undefined {
  const ports = tcp.toSorted((a, b) => Number(b.port === port) - Number(a.port === port));
  return ports.flatMap(({ targetPort, nodePort }) => (targetType === 'ip' ? targetPort : nodePort) ?? []).at(0);
}

/** A group that never has a target, so its share gets no answer. Each protocol has one, because listeners need their protocol. */
export function nlbEmptyGroup(context: ModelContext, protocol: NlbProtocol, family: IpFamily): TargetGroupResource {
  const { settings } = context.topology;
  // A TLS listener accepts TCP groups, too.
  const own = protocol === 'TLS' ? 'TCP' : protocol;
  const name = own === 'TCP' ? 'empty' : `empty-${own.toLowerCase().replace('_', '-')}`;
  const { vpcId } = context.network;
  const ipAddressType = family === 'IPv6' ? 'ipv6' : 'ipv4';
  const id =
    family === 'IPv6'
      ? resourceId('target-group', context.segment, name, ipAddressType)
      : resourceId('target-group', context.segment, name);
  return {
    kind: 'target-group',
    id,
    spec: {
      name: context.name('empty', [id, vpcId]),
      targetType: 'ip',
      protocol: own,
      port: 80,
      vpcId,
      ipAddressType,
      healthCheck: TCP_CHECK,
    },
    attributes: targetGroupAttributes(settings, own),
    tags: settings.tags,
  };
}

const TCP_CHECK: HealthCheck = {
  protocol: 'TCP',
  port: 'traffic-port',
  intervalSeconds: 10,
  timeoutSeconds: 5,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
};

function healthCheck(targetType: 'ip' | 'instance', backend: TargetBackend): HealthCheck {
  const port = healthPort(targetType, backend);
  if (port === undefined) return TCP_CHECK;
  if (port === backend.checkPort) return { ...TCP_CHECK, port: String(port) };
  // On this port, kube-proxy says whether the node has an endpoint of its own: 200 if so, else 503.
  return { ...TCP_CHECK, protocol: 'HTTP', path: '/healthz', port: String(port), matcher: { httpCode: '200' } };
}

/** AWS cannot check health by UDP, so a UDP backend without another port for checks is unchecked. */
const isUnchecked = (targetType: 'ip' | 'instance', backend: TargetBackend): boolean =>
  backend.transport === 'UDP' && healthPort(targetType, backend) === undefined;
