// Finds the Service port of a backendRef.
import type { EndpointSlice, Service, ServicePort } from '../api/core.ts';
import { type BackendRef, GATEWAY_GROUP } from '../api/gateway-api.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { BackendService, TcpPort } from './backend-service.ts';
import { backendTlsOf } from './backend-tls.ts';
import { isPermitted } from './grants.ts';
import type { RulePlace } from './problem-place.ts';
import { backendService as backendKey, describeReference } from './references.ts';
import type { RuleContext } from './rule-context.ts';

/** Reports a problem and returns undefined if the reference cannot be served. */
export function resolveBackend(ref: BackendRef, context: RuleContext, place: RulePlace): BackendService | undefined {
  const { input, route, namespace: from, report } = context;
  const key = backendKey(from, ref);
  if (key === undefined) {
    const reference = describeReference({ namespace: from, group: '', kind: 'Service', ...ref });
    report({ ...place, kind: 'backend-kind-unknown', reference });
    return undefined;
  }
  // The grant is checked first, because without one nobody may learn whether the Service exists.
  const namespace = ref.namespace ?? from;
  const referrer = { group: GATEWAY_GROUP, kind: route.kind, namespace: from };
  if (!isPermitted(input.grants, referrer, { group: '', kind: 'Service', namespace, name: ref.name })) {
    report({ ...place, kind: 'backend-not-permitted', reference: `Service ${key}`, namespace });
    return undefined;
  }
  const service = input.services.get(key);
  if (service === undefined) {
    report({ ...place, kind: 'backend-not-found', service: key });
    return undefined;
  }
  return resolvePort(key, service, ref.port, context, place);
}

function resolvePort(
  key: ObjectKey,
  service: Service,
  number: number | undefined,
  { input, route, reencrypts, report }: RuleContext,
  place: RulePlace,
): BackendService | undefined {
  const { spec } = service;
  if (spec.type === 'ExternalName') {
    report({ ...place, kind: 'backend-external-name', service: key });
    return undefined;
  }
  const atPort = { ...place, field: `${place.field}.port`, service: key };
  if (number === undefined) {
    report({ ...atPort, kind: 'backend-port-missing' });
    return undefined;
  }
  const ports = spec.ports ?? [];
  // TCP and UDP may share a number.
  const transport = route.kind === 'UDPRoute' ? 'UDP' : 'TCP';
  const port = ports.find((each) => each.port === number && (each.protocol ?? 'TCP') === transport);
  if (port === undefined) {
    const other = ports.find((each) => each.port === number);
    if (other !== undefined)
      report({ ...atPort, kind: 'backend-transport-mismatch', port: number, transport: other.protocol ?? 'TCP' });
    else report({ ...atPort, kind: 'backend-port-not-found', port: number, available: ports.map((each) => each.port) });
    return undefined;
  }
  // Only a UDP port's health check depends on them. They change with each pod.
  const slices = transport === 'UDP' ? (input.endpointSlices.get(key) ?? []) : [];
  const tls = reencrypts ? backendTlsOf(input, key, port.name ?? '') : undefined;
  return {
    ...backendService(key, service, port, slices),
    ...(route.kind === 'GRPCRoute' && { grpc: true }),
    ...(tls !== undefined && { tls }),
  };
}

/** @param slices of the Service */
export function backendService(
  key: ObjectKey,
  { spec }: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
): BackendService {
  const { name = '', protocol, appProtocol, nodePort } = port;
  return {
    service: key,
    port: port.port,
    ...(protocol === 'UDP' && { transport: protocol }),
    portName: name,
    ...(appProtocol !== undefined && { appProtocol }),
    ...(nodePort !== undefined && { nodePort }),
    ...(spec.healthCheckNodePort !== undefined && { healthCheckNodePort: spec.healthCheckNodePort }),
    local: spec.externalTrafficPolicy === 'Local',
    ...(protocol === 'UDP' && tcpPorts(spec.ports ?? [], port, slices)),
    families: spec.ipFamilies ?? ['IPv4'],
  };
}

function tcpPorts(
  ports: readonly ServicePort[],
  udp: ServicePort,
  slices: readonly EndpointSlice[],
): Pick<BackendService, 'tcp'> {
  const tcp = ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP').map((each) => tcpPort(each, udp, slices));
  return tcp.length === 0 ? {} : { tcp };
}

function tcpPort(tcp: ServicePort, udp: ServicePort, slices: readonly EndpointSlice[]): TcpPort {
  const places = [tcp, udp].some(hasNamedTarget) ? slices : [undefined];
  const pairs = places.map((slice) => [numberIn(slice, tcp), numberIn(slice, udp)] as const);
  const known = pairs.filter((numbers) => !numbers.includes(undefined));
  const numbers = hasNamedTarget(tcp) ? pairs.flatMap(([number]) => number ?? []) : [numberIn(undefined, tcp)];
  const [targetPort, ...others] = new Set(numbers);
  return {
    port: tcp.port,
    sameTarget: known.length > 0 && known.every(([number, ofUdp]) => number === ofUdp),
    ...(known.length === 0 && { isUnknown: true }),
    ...(targetPort !== undefined && others.length === 0 && { targetPort }),
    ...(tcp.nodePort !== undefined && { nodePort: tcp.nodePort }),
  };
}

/** The number of a target port. Pods may differ in the number of a name, but all pods of one EndpointSlice have the same. */
function numberIn(
  slice: EndpointSlice | undefined,
  { name = '', protocol = 'TCP', port, targetPort = port }: ServicePort,
): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  return slice?.ports?.find((each) => (each.name ?? '') === name && (each.protocol ?? 'TCP') === protocol)?.port;
}

/** Whether the target port is a name. Then only EndpointSlices have its number. */
export const hasNamedTarget = ({ targetPort }: ServicePort): boolean => typeof targetPort === 'string';
