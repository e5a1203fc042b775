// A port for TLS, TCP or UDP: its filter chains, or its filter for datagrams. Each leads to the cluster of one route.
import { type ConnectionEntry, connectionsOf } from '../../gateway/connections.ts';
import type { Hostname } from '../../gateway/hostnames.ts';
import { type PortKey, portKey } from '../../gateway/listener-protocols.ts';
import { type RouteId, routeId } from '../../gateway/route-id.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { ListenerTopology, PortTopology, RouteTopology } from '../../gateway/topology.ts';
import type { FilterChainSchema } from '../xds/envoy/config/listener/v3/listener_components_pb.ts';
import { TcpProxySchema } from '../xds/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { RouteSchema } from '../xds/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.ts';
import { UdpProxyConfigSchema } from '../xds/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.ts';
import { accessLog } from './access-log.ts';
import { downstreamTls, secretsOf } from './downstream-tls.ts';
import { TIMEOUTS } from './edge.ts';
import { extension, type Init, packed, seconds } from './messages.ts';
import { INVALID_CLUSTER } from './names.ts';
import type { PortParts } from './port-parts.ts';
import { clusterName, upstreamOfConnections } from './upstreams.ts';

type Chain = Init<typeof FilterChainSchema>;
type RoutesById = ReadonlyMap<RouteId, RouteTopology>;

/** A listener's chains have the server names of its routes. Connections for its other server names are closed. */
export function* tlsPort(port: PortTopology, routes: RoutesById): Steps<PortParts> {
  const key = portKey(port);
  const byListener = Map.groupBy(connectionsOf(port, routes), ({ listener }) => listener);
  const chains: Chain[] = [];
  const uncovered: ListenerTopology[] = [];
  for (const [index, listener] of port.listeners.entries()) {
    if (index % 100 === 99) yield;
    const entries = hasTls(listener) ? (byListener.get(listener.name) ?? []) : [];
    const byRoute = Map.groupBy(entries, ({ route }) => routeId(route));
    for (const [id, own] of byRoute) {
      const route = routes.get(id);
      if (route !== undefined) chains.push(tlsChain(key, listener, route, own));
    }
    if (!entries.some(({ hostname }) => hostname === listener.hostname)) uncovered.push(listener);
  }
  return { chains: [...chains, ...closingChain(key, uncovered)], filters: [], tables: [] };
}

/** Without a certificate, Envoy can terminate nothing. */
const hasTls = (listener: ListenerTopology): boolean =>
  listener.tlsMode === 'Passthrough' || secretsOf(listener).length > 0;

const tlsChain = (
  port: PortKey,
  listener: ListenerTopology,
  route: RouteTopology,
  entries: readonly ConnectionEntry[],
): Chain => ({
  name: `${port}/${listener.name}/${routeId(route.route)}`,
  filterChainMatch: serverNames(entries.map(({ hostname }) => hostname)),
  filters: [tcpProxy(port, clusterName(upstreamOfConnections(route, listener.tlsMode)))],
  // What the backend speaks is not known.
  ...(listener.tlsMode !== 'Passthrough' && downstreamTls(listener, [])),
});

/**
 * Closes the connections for server names that these listeners have and no route: a wider listener must not get them. It is one for
 * all, because there may be thousands of listeners. What no chain takes is closed, too, so a listener for any name needs no name here.
 */
export const closingChain = (port: PortKey, listeners: readonly ListenerTopology[]): readonly Chain[] =>
  listeners.length === 0
    ? []
    : [
        {
          name: port,
          filterChainMatch: serverNames(listeners.map(({ hostname }) => hostname)),
          filters: [tcpProxy(port, INVALID_CLUSTER)],
        },
      ];

/** Envoy takes the chain with the most specific name. Without names, the chain takes all that others do not, but TLS only. */
const serverNames = (hostnames: readonly Hostname[]): Chain['filterChainMatch'] => ({
  serverNames: hostnames.filter((hostname) => hostname !== undefined),
  transportProtocol: 'tls',
});

/** Without a route, each connection is closed at once. */
export function tcpPort(port: PortTopology, routes: RoutesById): PortParts {
  const key = portKey(port);
  return { chains: [{ name: key, filters: [tcpProxy(key, clusterOf(port, routes))] }], filters: [], tables: [] };
}

/** Without a route, datagrams are dropped. */
export function udpPort(port: PortTopology, routes: RoutesById): PortParts {
  return { chains: [], filters: [udpProxy(portKey(port), clusterOf(port, routes))], tables: [] };
}

function clusterOf(port: PortTopology, routes: RoutesById): string {
  const [entry] = connectionsOf(port, routes);
  return entry === undefined ? INVALID_CLUSTER : routeId(entry.route);
}

/** @param port metrics have it. Routes would make too many of them */
const tcpProxy = (port: PortKey, cluster: string) =>
  extension('envoy.filters.network.tcp_proxy', TcpProxySchema, {
    statPrefix: port,
    clusterSpecifier: { case: 'cluster', value: cluster },
    idleTimeout: seconds(TIMEOUTS.idleConnection),
    accessLog: [connectionLog],
  });

const connectionLog = accessLog({
  client: '%DOWNSTREAM_REMOTE_ADDRESS%',
  listener: '%FILTER_CHAIN_NAME%',
  serverName: '%REQUESTED_SERVER_NAME%',
  flags: '%RESPONSE_FLAGS%',
  details: '%CONNECTION_TERMINATION_DETAILS%',
  route: '%UPSTREAM_CLUSTER_RAW%',
  endpoint: '%UPSTREAM_HOST%',
  received: '%BYTES_RECEIVED%',
  sent: '%BYTES_SENT%',
  milliseconds: '%DURATION%',
});

const udpProxy = (port: PortKey, cluster: string) =>
  extension('envoy.filters.udp_listener.udp_proxy', UdpProxyConfigSchema, {
    statPrefix: port,
    routeSpecifier: {
      case: 'matcher',
      value: {
        onNoMatch: {
          onMatch: { case: 'action', value: { name: 'route', typedConfig: packed(RouteSchema, { cluster }) } },
        },
      },
    },
    idleTimeout: seconds(TIMEOUTS.idleSession),
    accessLog: [sessionLog],
  });

const ofSession = (name: string): string => `%DYNAMIC_METADATA(udp.proxy.session:${name})%`;

const sessionLog = accessLog({
  client: '%DOWNSTREAM_REMOTE_ADDRESS%',
  route: ofSession('cluster_name'),
  endpoint: '%UPSTREAM_HOST%',
  received: ofSession('bytes_received'),
  sent: ofSession('bytes_sent'),
  errors: ofSession('errors_sent'),
  milliseconds: '%DURATION%',
});
