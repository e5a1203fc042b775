// A port for HTTP or HTTPS: its filter chains and route tables.
import { portEntries } from '../../gateway/entries.ts';
import { portKey } from '../../gateway/listener-protocols.ts';
import type { Steps } from '../../gateway/steps.ts';
import type { ListenerTopology, PortTopology, RouteTopology } from '../../gateway/topology.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { Resource } from '../snapshot.ts';
import type { FilterChainSchema } from '../xds/envoy/config/listener/v3/listener_components_pb.ts';
import { DownstreamTlsContextSchema } from '../xds/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { TIMEOUTS } from './edge.ts';
import { httpConnectionManager } from './http-connections.ts';
import { extension, FROM_ADS, type Init, seconds } from './messages.ts';
import { routeTableName, secretName } from './names.ts';
import type { RouteEncoder } from './route-encoder.ts';
import { ownTable, sharedTable, type TableSource } from './route-tables.ts';

/** What one port of the topology adds to Envoy's listener of the port number. */
export interface PortParts {
  readonly chains: readonly Init<typeof FilterChainSchema>[];
  readonly tables: readonly Resource[];
}

export function* httpPort(
  port: PortTopology,
  tls: boolean,
  routes: readonly RouteTopology[],
  encoder: RouteEncoder,
): Steps<PortParts> {
  // Each host has a table of its own listener only, so Envoy needs no entries that keep listeners apart.
  const entries = Map.groupBy(
    portEntries(port, routes).filter(({ source }) => source.kind === 'rule'),
    ({ listener }) => listener,
  );
  yield;
  const source: TableSource = { at: { port: port.port, scheme: tls ? 'https' : 'http' }, entries, encoder };
  const key = portKey(port);
  if (!tls) {
    const name = routeTableName(key);
    return {
      chains: [{ name, filters: [httpConnectionManager(name)] }],
      tables: [yield* sharedTable(name, port.listeners, source)],
    };
  }
  const listeners = port.listeners.filter((listener) => secretsOf(listener).length > 0);
  const tables: Resource[] = [];
  for (const listener of listeners) {
    tables.push(yield* ownTable(routeTableName(key, listener), listener, port.listeners, source));
  }
  return { chains: listeners.map((listener) => httpsChain(routeTableName(key, listener), listener)), tables };
}

const httpsChain = (name: string, listener: ListenerTopology): Init<typeof FilterChainSchema> => ({
  name,
  filterChainMatch: { serverNames: listener.hostname === undefined ? [] : [listener.hostname] },
  filters: [httpConnectionManager(name)],
  transportSocket: extension('envoy.transport_sockets.tls', DownstreamTlsContextSchema, {
    commonTlsContext: {
      alpnProtocols: ['h2', 'http/1.1'],
      tlsCertificateSdsSecretConfigs: secretsOf(listener).map((secret) => ({
        name: secretName(secret),
        sdsConfig: FROM_ADS,
      })),
    },
  }),
  transportSocketConnectTimeout: seconds(TIMEOUTS.tlsHandshake),
});

/** Also those that are unusable now: Envoy keeps the certificate that it has. */
export const secretsOf = ({ certificates }: ListenerTopology): readonly ObjectKey[] =>
  certificates.flatMap((each) => (each.kind === 'external' ? [] : each.secret));
