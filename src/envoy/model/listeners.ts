// Envoy's listeners: one for each port number and transport.

import type { IpFamily } from '../../gateway/backend-service.ts';
import { mapping, type Steps } from '../../gateway/steps.ts';
import type { PortTopology } from '../../gateway/topology.ts';
import { type Resource, resource } from '../snapshot.ts';
import { ListenerSchema } from '../xds/envoy/config/listener/v3/listener_pb.ts';
import { TlsInspectorSchema } from '../xds/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import { BUFFER_LIMIT, MAX_DATAGRAM } from './edge.ts';
import { extension, type Init, socketAddress } from './messages.ts';
import { envoyListenerName } from './names.ts';
import type { PortParts } from './port-parts.ts';

export interface PlacedParts extends PortParts {
  readonly port: PortTopology;
}

/**
 * HTTPS and TLS on the same number share one listener: TLS inspection tells their connections apart.
 * @param ports from listeners' ports to Envoy's
 */
export function* listenersOf(
  parts: readonly PlacedParts[],
  ports: ReadonlyMap<number, number>,
  families: readonly IpFamily[],
): Steps<readonly Resource[]> {
  const byNumber = Map.groupBy(parts, ({ port }) => envoyListenerName(port));
  const listeners = yield* mapping([...byNumber], ([name, sharing]) => {
    const [{ port } = {}] = sharing;
    const at = port && ports.get(port.port);
    const transport = sharing.every(({ port: { serves } }) => serves.kind === 'udp')
      ? forDatagrams(sharing)
      : forConnections(sharing);
    if (at === undefined || transport === undefined) return [];
    const { protocol, ...rest } = transport;
    return resource(ListenerSchema, name, { name, address: anyAddress(at, families, protocol), ...rest });
  });
  return listeners.flat();
}

/** HTTPS and TLS on one number share its server names. */
export function* sharedNumbers(ports: readonly PortTopology[]): Steps<readonly PortTopology[]> {
  const bySni = Map.groupBy(ports.filter(hasServerNames), ({ port }) => port);
  return yield* mapping(ports, (port) => {
    const others = hasServerNames(port) ? (bySni.get(port.port) ?? []).filter((each) => each !== port) : [];
    return others.length === 0 ? port : { ...port, beside: others.flatMap(({ listeners }) => listeners) };
  });
}

const hasServerNames = ({ serves }: PortTopology): boolean =>
  serves.kind === 'tls' || (serves.kind === 'http' && serves.tls);

type Transport = Init<typeof ListenerSchema> & { readonly protocol: 'TCP' | 'UDP' };

/** Undefined without chains, because Envoy would refuse the listener. */
function forConnections(parts: readonly PortParts[]): Transport | undefined {
  const filterChains = parts.flatMap(({ chains }) => chains);
  if (filterChains.length === 0) return undefined;
  const inspects = filterChains.some(({ filterChainMatch }) => filterChainMatch !== undefined);
  return {
    protocol: 'TCP',
    filterChains,
    ...(inspects && { listenerFilters: [extension('envoy.filters.listener.tls_inspector', TlsInspectorSchema, {})] }),
    perConnectionBufferLimitBytes: BUFFER_LIMIT,
  };
}

const forDatagrams = (parts: readonly PortParts[]): Transport => ({
  protocol: 'UDP',
  listenerFilters: parts.flatMap(({ filters }) => filters),
  udpListenerConfig: { downstreamSocketConfig: { maxRxDatagramSize: MAX_DATAGRAM } },
});

const anyAddress = (port: number, families: readonly IpFamily[], protocol: Transport['protocol']) =>
  families.includes('IPv6')
    ? socketAddress('::', port, { protocol, ipv4Compat: families.includes('IPv4') })
    : socketAddress('0.0.0.0', port, { protocol });
