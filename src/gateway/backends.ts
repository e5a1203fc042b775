// From a rule's backendRefs to the Service ports behind them.
import type { Service, ServicePort } from '../api/core.ts';
import { GATEWAY_GROUP, type HttpBackendRef } from '../api/gateway-api.ts';
import type { ObjectKey } from '../kube/object.ts';
import { isPermitted } from './grants.ts';
import type { RulePlace } from './problem-place.ts';
import { backendService as backendKey, describeReference } from './references.ts';
import type { RuleContext } from './rule-context.ts';
import type { BackendService, TopologyBackend } from './topology.ts';

/** As many as there are refs, in their order. */
export function resolveBackends(refs: readonly HttpBackendRef[], context: RuleContext): readonly TopologyBackend[] {
  return refs.map((ref, index) => {
    const service = resolveBackend(ref, context, context.place(`backendRefs[${index}]`));
    return { ...(service !== undefined && { service }), weight: ref.weight ?? 1, index };
  });
}

/** Undefined, and reported, when the reference leads to nothing that can be served. */
function resolveBackend(ref: HttpBackendRef, context: RuleContext, place: RulePlace): BackendService | undefined {
  const { input, namespace: from, report } = context;
  const key = backendKey(from, ref);
  if (key === undefined) {
    const reference = describeReference({ namespace: from, group: '', kind: 'Service', ...ref });
    report({ ...place, kind: 'backend-kind-unknown', reference });
    return undefined;
  }
  // The grant first: without one, nobody may learn whether the Service exists.
  const namespace = ref.namespace ?? from;
  const referrer = { group: GATEWAY_GROUP, kind: 'HTTPRoute', namespace: from };
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
  { capabilities, settings, report }: RuleContext,
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
  const port = ports.find((each) => each.port === number && (each.protocol ?? 'TCP') === 'TCP');
  if (port === undefined) {
    const other = ports.find((each) => each.port === number);
    if (other !== undefined)
      report({ ...atPort, kind: 'backend-protocol-unsupported', protocol: other.protocol ?? '' });
    else report({ ...atPort, kind: 'backend-port-not-found', port: number, available: ports.map((each) => each.port) });
    return undefined;
  }
  const protocol = protocolOf(port);
  if (protocol === undefined || !capabilities.backendProtocols.includes(protocol)) {
    report({ ...atPort, kind: 'backend-protocol-unsupported', protocol: port.appProtocol ?? 'http' });
    return undefined;
  }
  if (settings?.targetType === 'instance' && port.nodePort === undefined) {
    report({ ...atPort, kind: 'backend-without-node-port' });
    return undefined;
  }
  const families = spec.ipFamilies ?? ['IPv4'];
  // An ALB forwards to a target group of IPv6 addresses only if it is dual-stack itself.
  const ipFamily = settings?.ipAddressType === 'ipv4' ? families.find((family) => family === 'IPv4') : families[0];
  if (ipFamily === undefined) {
    report({ ...place, kind: 'backend-without-ipv4', service: key });
    return undefined;
  }
  return { ...backendService(key, service, port, ipFamily), protocol };
}

/** A port of a Service, whatever it speaks taken for HTTP where that is not known. */
export function backendService(
  key: ObjectKey,
  { spec }: Service,
  port: ServicePort,
  ipFamily: BackendService['ipFamily'],
): BackendService {
  return {
    service: key,
    port: port.port,
    portName: port.name ?? '',
    protocol: protocolOf(port) ?? 'HTTP1',
    ...(port.nodePort !== undefined && { nodePort: port.nodePort }),
    ...(spec.healthCheckNodePort !== undefined && { healthCheckNodePort: spec.healthCheckNodePort }),
    local: spec.externalTrafficPolicy === 'Local',
    ipFamily,
  };
}

/** By appProtocol: Kubernetes' own names, and IANA's plain ones, whose case does not count. */
const protocols: Readonly<Record<string, BackendService['protocol']>> = {
  http: 'HTTP1',
  'kubernetes.io/h2c': 'H2C',
  'kubernetes.io/ws': 'WS',
  grpc: 'GRPC',
};

/** Undefined for a protocol that says it is not HTTP in clear text. */
function protocolOf({ appProtocol }: ServicePort): BackendService['protocol'] | undefined {
  if (appProtocol === undefined || appProtocol === '') return 'HTTP1';
  const name = appProtocol.toLowerCase();
  return Object.hasOwn(protocols, name) ? protocols[name] : undefined;
}
