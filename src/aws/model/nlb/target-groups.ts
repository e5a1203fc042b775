// The target groups of an NLB: one per backend and protocol.
import type { HealthCheckSettings } from '../../../api/health-check.ts';
import type { BackendService, IpFamily } from '../../../gateway/backend-service.ts';
import { type TargetBackend, targetBackend } from '../backends.ts';
import type { ModelContext } from '../context.ts';
import { healthCheckOf } from '../health-checks.ts';
import { resourceId } from '../naming.ts';
import type { TargetGroupResource } from '../resources.ts';
import { type BackendGroup, backendGroup, groupResource } from '../target-groups.ts';
import { targetGroupAttributes } from './attributes.ts';
import { hasDatagrams, type NlbProtocol } from './protocol.ts';

export function nlbTargetGroup(
  context: ModelContext,
  protocol: NlbProtocol,
  family: IpFamily,
  service: BackendService,
): TargetGroupResource {
  const { settings } = context.topology;
  const { targetType, healthCheck } = settings;
  const backend = nlbBackend(service, protocol, targetType, family);
  const group = nlbGroup(backend, protocol, targetType, context.segment, context.network.vpcId, healthCheck);
  return {
    ...groupResource(context, group, targetGroupAttributes(settings, protocol)),
    ...(isUnchecked(group) && { unchecked: true }),
  };
}

export function nlbGroup(
  backend: TargetBackend,
  protocol: NlbProtocol,
  targetType: 'ip' | 'instance',
  segment: string,
  vpcId: string,
  healthCheck?: HealthCheckSettings,
): BackendGroup {
  return backendGroup(backend, { targetType, protocol, vpcId }, segment, healthCheck);
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
  const kind = { targetType: 'ip', protocol: own } as const;
  return {
    kind: 'target-group',
    id,
    spec: {
      name: context.name('empty', [id, vpcId]),
      ...kind,
      port: 80,
      vpcId,
      ipAddressType,
      healthCheck: healthCheckOf(kind),
    },
    attributes: targetGroupAttributes(settings, own),
    tags: settings.tags,
  };
}

/** AWS cannot check health by UDP, so a UDP backend without another port for checks is unchecked. */
const isUnchecked = ({ backend, spec }: BackendGroup): boolean =>
  backend.transport === 'UDP' && spec.healthCheck.port === 'traffic-port';
