// What Envoy reaches, and how: each upstream is a cluster.

import type { BackendService } from '../../gateway/backend-service.ts';
import { isOfConnections } from '../../gateway/connection-route.ts';
import { remembered } from '../../gateway/remembered.ts';
import type { TopologyBackend } from '../../gateway/route-action.ts';
import { type RouteId, routeId } from '../../gateway/route-id.ts';
import { protocolOf } from '../../gateway/shortfalls.ts';
import type { PortTopology, RouteTopology, TlsMode } from '../../gateway/topology.ts';
import { frozen, type ObjectKey } from '../../kube/object.ts';

export type Upstream = OfRequests | OfConnections;

/** One way to reach the pods of a Service's port. Routes choose among upstreams by weight. */
export interface OfRequests {
  readonly speaks: 'http1' | 'http2';
  readonly backend: BackendService;
}

/**
 * All backends of a TLSRoute, TCPRoute or UDPRoute. Envoy chooses among them by the weights of their endpoints. So a change of the
 * route changes no listener, which would end connections.
 */
export interface OfConnections {
  readonly speaks: 'tcp' | 'udp';
  readonly route: RouteId;
  /** Whether Envoy speaks TLS to the backends with a BackendTLSPolicy. If not, none of them has one here. */
  readonly tls: boolean;
  /** Those with weight. The share of one without a Service reaches nothing. */
  readonly backends: readonly Pick<TopologyBackend, 'service' | 'weight'>[];
}

/**
 * Clusters and their endpoints: `shop/web/80`, `shop/web/80/h2` if Envoy speaks HTTP/2 to the backend, and `shop/web/80/tls` if
 * it speaks TLS. Another protocol is another cluster, so that both exist while routes change from one to the other. Connections:
 * `TCPRoute/shop/database`, and `TLSRoute/shop/mail/tls` if some backends have a BackendTLSPolicy.
 */
export function clusterName(upstream: Upstream): string {
  if (takesConnections(upstream)) return `${upstream.route}${upstream.tls ? '/tls' : ''}`;
  const { backend, speaks } = upstream;
  return `${backend.service}/${backend.port}${suffixes[speaks]}${backend.tls ? '/tls' : ''}`;
}

const suffixes: Readonly<Record<OfRequests['speaks'], string>> = { http1: '', http2: '/h2' };

export const takesConnections = (upstream: Upstream): upstream is OfConnections => 'route' in upstream;

export function forRequests(backend: BackendService): OfRequests {
  const protocol = protocolOf(backend);
  return { backend, speaks: protocol === 'H2C' || protocol === 'GRPC' ? 'http2' : 'http1' };
}

export const servicesOf = (upstream: Upstream): readonly BackendService[] =>
  takesConnections(upstream) ? upstream.backends.flatMap(({ service }) => service ?? []) : [upstream.backend];

type Named = readonly [string, Upstream];

/**
 * All upstreams that connections, requests or copies of requests may go to, by the name of their cluster.
 * @param passed the routes of listeners that pass TLS through
 */
export const upstreamsOf = (
  routes: readonly RouteTopology[],
  passed: ReadonlySet<RouteId>,
): ReadonlyMap<string, Upstream> =>
  new Map(
    routes.flatMap((route) =>
      passed.has(routeId(route.route)) ? [passedUpstream(route), ...upstreamsOfRoute(route)] : upstreamsOfRoute(route),
    ),
  );

export const passedThrough = (ports: readonly PortTopology[]): ReadonlySet<RouteId> =>
  new Set(
    ports.flatMap(({ listeners }) =>
      listeners.flatMap(({ tlsMode, routes }) => (tlsMode === 'Passthrough' ? routes : [])),
    ),
  );

const named = (upstream: Upstream): Named => [clusterName(upstream), frozen(upstream)];

const upstreamsOfRoute = remembered((route: RouteTopology): readonly Named[] => {
  const upstreams = isOfConnections(route.route) ? [upstreamOfConnections(route)] : upstreamsOfRequests(route);
  return upstreams.map(named);
});

const passedUpstream = remembered((route: RouteTopology): Named => named(upstreamOfConnections(route, 'Passthrough')));

const upstreamsOfRequests = ({ rules }: RouteTopology): readonly OfRequests[] =>
  rules
    .flatMap(({ action }) => (action.kind === 'forward' ? action : []))
    .flatMap(({ backends, mirrors = [] }) => [...backends.flatMap(reachedBy), ...mirrors.map(({ service }) => service)])
    .map(forRequests);

const reachedBy = ({ service, weight, redirect, mirrors = [] }: TopologyBackend): readonly BackendService[] =>
  service === undefined || weight === 0 || redirect !== undefined
    ? []
    : [service, ...mirrors.map((mirror) => mirror.service)];

/** The CA certificates that backends are checked with, by ConfigMaps. None for the CA certificates of the system. */
export const authoritiesOf = (upstream: Upstream): readonly (readonly ObjectKey[])[] =>
  servicesOf(upstream).flatMap(({ tls }) =>
    tls?.authorities.kind === 'config-maps' ? [tls.authorities.configMaps] : [],
  );

/**
 * It is there even without a backend, because a listener refers to it. Connections that the Gateway passes through have the client's
 * TLS, so a BackendTLSPolicy does not count for them, not even an invalid one.
 */
export function upstreamOfConnections({ route, rules: [rule] }: RouteTopology, mode?: TlsMode): OfConnections {
  const written = rule?.backends ?? [];
  const hasPolicy = written.some(({ service }) => service?.tls !== undefined);
  const isPassed = hasPolicy && mode === 'Passthrough';
  const served = rule?.action.kind === 'forward' ? rule.action.backends : [];
  return {
    speaks: route.kind === 'UDPRoute' ? 'udp' : 'tcp',
    route: routeId(route),
    tls: hasPolicy && !isPassed,
    backends: (isPassed ? written.map(withoutTls) : served)
      .filter(({ weight }) => weight > 0)
      .map(({ service, weight }) => ({ ...(service && { service }), weight })),
  };
}

function withoutTls({ service, weight }: OfConnections['backends'][number]): OfConnections['backends'][number] {
  if (service === undefined) return { weight };
  const { tls: _, ...plain } = service;
  return { service: plain, weight };
}
