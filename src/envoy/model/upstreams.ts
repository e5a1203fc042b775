// What Envoy reaches, and how: each upstream is a cluster.
import { protocolOf } from '../../gateway/shortfalls.ts';
import type { BackendService, RouteTopology, TopologyBackend } from '../../gateway/topology.ts';

/** One way to reach the pods of a Service's port. */
export interface Upstream {
  readonly backend: BackendService;
  readonly speaks: 'http1' | 'http2';
}

/**
 * Clusters and their endpoints: `shop/web/80`, and `shop/web/80/h2` if Envoy speaks HTTP/2 to the backend. Another protocol is
 * another cluster, so that both exist while routes change from one to the other.
 */
export const clusterName = ({ backend: { service, port }, speaks }: Upstream): string =>
  `${service}/${port}${suffixes[speaks]}`;

const suffixes: Readonly<Record<Upstream['speaks'], string>> = { http1: '', http2: '/h2' };

export function forRequests(backend: BackendService): Upstream {
  const protocol = protocolOf(backend);
  return { backend, speaks: protocol === 'H2C' || protocol === 'GRPC' ? 'http2' : 'http1' };
}

const reachedBy = ({ service, weight, redirect, mirrors = [] }: TopologyBackend): readonly BackendService[] =>
  service === undefined || weight === 0 || redirect !== undefined
    ? []
    : [service, ...mirrors.map((mirror) => mirror.service)];

/** All upstreams that requests or their copies may go to, by the name of their cluster. */
export function upstreamsOf(routes: readonly RouteTopology[]): ReadonlyMap<string, Upstream> {
  const actions = routes.flatMap(({ rules }) =>
    rules.flatMap(({ action }) => (action.kind === 'forward' ? action : [])),
  );
  const upstreams = actions
    .flatMap(({ backends: refs, mirrors = [] }) => [
      ...refs.flatMap(reachedBy),
      ...mirrors.map(({ service }) => service),
    ])
    .map(forRequests);
  return new Map(upstreams.map((upstream) => [clusterName(upstream), upstream]));
}
