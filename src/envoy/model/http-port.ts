// A port for HTTP or HTTPS: its filter chains and route tables.
import { viewOf } from '../../gateway/entries.ts';
import { portKey } from '../../gateway/listener-protocols.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { ListenerTopology, PortTopology, RouteTopology } from '../../gateway/topology.ts';
import type { Resource } from '../snapshot.ts';
import type { FilterChainSchema } from '../xds/envoy/config/listener/v3/listener_components_pb.ts';
import { closingChain } from './connections-port.ts';
import { downstreamTls, secretsOf } from './downstream-tls.ts';
import { portRoutes } from './host-routes.ts';
import { httpConnectionManager } from './http-connections.ts';
import type { Init } from './messages.ts';
import { routeTableName } from './names.ts';
import type { PortParts } from './port-parts.ts';
import { ownTable, type PortTables, sharedTable, TableSource } from './route-tables.ts';

export function* httpPort(
  port: PortTopology,
  tls: boolean,
  routes: readonly RouteTopology[],
  before: PortTables | undefined,
): Steps<PortParts> {
  // Each host has a table of its own listener only, so Envoy needs no entries that keep listeners apart.
  const made = yield* portRoutes(viewOf(port), routes, before?.routes);
  const source = new TableSource(port.port, made, before);
  const key = portKey(port);
  if (!tls) {
    const name = routeTableName(key);
    return {
      chains: [{ name, filters: [httpConnectionManager(name)] }],
      filters: [],
      tables: [yield* sharedTable(name, port.listeners, source)],
      made: source.made,
    };
  }
  const { served = [], others = [] } = Object.groupBy(port.listeners, (listener) =>
    secretsOf(listener).length > 0 ? 'served' : 'others',
  );
  const onNumber = [...port.listeners, ...(port.beside ?? [])];
  const tables: Resource[] = [];
  for (const listener of served) {
    tables.push(yield* ownTable(routeTableName(key, listener), listener, onNumber, source));
  }
  const chains = served.map((listener) => httpsChain(routeTableName(key, listener), listener));
  // A wider listener of HTTPS answers 421 for the others' hosts. One of TLS would forward them.
  const closing = port.beside === undefined ? [] : closingChain(key, others);
  return { chains: [...chains, ...closing], filters: [], tables, made: source.made };
}

const httpsChain = (name: string, listener: ListenerTopology): Init<typeof FilterChainSchema> => ({
  name,
  filterChainMatch: { serverNames: listener.hostname === undefined ? [] : [listener.hostname] },
  filters: [httpConnectionManager(name)],
  ...downstreamTls(listener, ['h2', 'http/1.1']),
});
