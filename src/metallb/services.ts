// The Services of a Gateway. A load balancer controller gives them addresses, and they lead to the Gateway's Envoys.
import type { Service, ServicePort } from '../api/core.ts';
import { METALLB_ANNOTATION } from '../api/metallb.ts';
import type { ServiceSettings } from '../api/proxy-configuration.ts';
import { GATEWAY_LABEL } from '../envoy/fleet/options.ts';
import { ownerReference } from '../envoy/fleet/owner.ts';
import type { PortTopology } from '../gateway/topology.ts';
import { SPEC_ANNOTATION } from '../kube/apply-set.ts';
import type { ObjectMeta } from '../kube/object.ts';
import { familyOf } from './ip-address.ts';
import type { ServedPort, ServiceOptions } from './service-options.ts';
import type { Slot } from './slots.ts';

/** When the new addresses were there, and the old Service was no longer needed. RFC 3339. */
export const REPLACED_ANNOTATION = 'gatehouse.dev/replaced';

/** @param mapping from listeners' ports to Envoy's */
export function servedPorts(
  ports: readonly Pick<PortTopology, 'port' | 'serves'>[],
  mapping: ReadonlyMap<number, number>,
): readonly ServedPort[] {
  const served = new Map<string, ServedPort>();
  for (const { port, serves } of ports) {
    const transport = serves.kind === 'udp' ? 'UDP' : 'TCP';
    const target = mapping.get(port);
    if (target !== undefined) served.set(`${transport}/${port}`, { port, transport, target });
  }
  return [...served.values()];
}

/** A Service of its own for each address: one that cannot be had takes no other with it. */
export function serviceOf(slot: Slot, options: ServiceOptions): Service {
  const { settings, ports } = options;
  const { loadBalancerClass, allocateLoadBalancerNodePorts } = settings;
  // The API server refuses another class.
  const className = slot.live === undefined ? loadBalancerClass : slot.live.spec.loadBalancerClass;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...metadataOf(slot.name, options),
      labels: { ...options.labels, [GATEWAY_LABEL]: options.name },
      annotations: { ...options.annotations, ...annotationsOf(slot, settings) },
    },
    spec: {
      type: 'LoadBalancer',
      selector: { [GATEWAY_LABEL]: options.name },
      ports: ports.map(servicePort),
      externalTrafficPolicy: settings.externalTrafficPolicy,
      ...familiesOf(slot, settings),
      ...(className !== undefined && { loadBalancerClass: className }),
      allocateLoadBalancerNodePorts,
      ...(settings.sourceRanges.length > 0 && { loadBalancerSourceRanges: settings.sourceRanges }),
    },
  };
}

const metadataOf = (name: string, { gateway }: ServiceOptions): ObjectMeta => ({
  name,
  namespace: gateway.namespace,
  ownerReferences: [ownerReference(gateway)],
});

const servicePort = ({ port, transport, target }: ServedPort): ServicePort => ({
  name: `${transport.toLowerCase()}-${port}`,
  protocol: transport,
  port,
  targetPort: target,
});

/** Never also `spec.loadBalancerIP`: MetalLB refuses a Service that has both. */
function annotationsOf({ wishes }: Slot, { sharingKey }: ServiceSettings): Readonly<Record<string, string>> {
  const addresses = pinned(wishes);
  const pool = wishes.find((wish) => wish.pool !== undefined)?.pool;
  return {
    ...(addresses.length > 0 && { [METALLB_ANNOTATION.addresses]: addresses.join(',') }),
    ...(pool !== undefined && { [METALLB_ANNOTATION.pool]: pool }),
    ...(sharingKey !== undefined && { [METALLB_ANNOTATION.sharingKey]: sharingKey }),
  };
}

const pinned = (wishes: Slot['wishes']): readonly string[] =>
  wishes.flatMap(({ address }) => (address === undefined ? [] : [address]));

/** MetalLB refuses PreferDualStack with one address. */
function familiesOf(
  { wishes, live }: Slot,
  { ipFamilyPolicy = 'SingleStack' }: ServiceSettings,
): Pick<Service['spec'], 'ipFamilies' | 'ipFamilyPolicy'> {
  const addresses = pinned(wishes);
  if (addresses.length > 0) {
    return {
      ipFamilyPolicy: addresses.length > 1 ? 'RequireDualStack' : 'SingleStack',
      ipFamilies: primaryFirst(addresses.map(familyOf), live),
    };
  }
  // The first family of a Service never changes.
  const [primary] = live?.spec.ipFamilies ?? [];
  return { ipFamilyPolicy, ...(ipFamilyPolicy === 'SingleStack' && primary && { ipFamilies: [primary] }) };
}

type Families = NonNullable<Service['spec']['ipFamilies']>;

const primaryFirst = (families: Families, live: Service | undefined): Families =>
  families.toSorted((a, b) => Number(b === live?.spec.ipFamilies?.[0]) - Number(a === live?.spec.ipFamilies?.[0]));

/** The Service as it is, as far as we write it. */
export function unchanged({ metadata, spec }: Service, options: ServiceOptions): Service {
  const { [METALLB_ANNOTATION.allocatedFrom]: _, [SPEC_ANNOTATION]: __, ...annotations } = metadata.annotations ?? {};
  const { clusterIP: _ip, healthCheckNodePort: _port, ports = [], ipFamilies, ...rest } = spec;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadataOf(metadata.name, options), labels: metadata.labels ?? {}, annotations },
    spec: {
      ...rest,
      ports: ports.map(({ nodePort: _nodePort, ...port }) => port),
      ...(ipFamilies !== undefined && spec.ipFamilyPolicy !== 'PreferDualStack' && { ipFamilies }),
    },
  };
}
