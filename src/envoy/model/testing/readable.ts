// Envoy's resources in its own JSON, as golden files have them. Left out is what all of a kind have in common.
import { fromBinary, isMessage } from '@bufbuild/protobuf';
import { type Any, AnySchema, anyUnpack } from '@bufbuild/protobuf/wkt';
import { resourceJson } from '../../json.ts';
import type { Resource } from '../../snapshot.ts';
import type { FilterChain } from '../../xds/envoy/config/listener/v3/listener_components_pb.ts';
import { ListenerSchema } from '../../xds/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../xds/envoy/config/route/v3/route_pb.ts';
import { HttpConnectionManagerSchema } from '../../xds/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { TcpProxySchema } from '../../xds/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { RouteSchema } from '../../xds/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.ts';
import { UdpProxyConfigSchema } from '../../xds/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.ts';
import { CertificateValidationContext_TrustChainVerification as Trust } from '../../xds/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import { DownstreamTlsContextSchema } from '../../xds/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { EnvoyModel } from '../build.ts';
import { takesConnections, type Upstream } from '../upstreams.ts';

export const readable = ({ snapshot, upstreams, ports, problems }: EnvoyModel): unknown => ({
  ports: Object.fromEntries(ports),
  listeners: [...snapshot.listeners.values()].map(readableListener),
  secrets: [...snapshot.secrets.keys()],
  clusters: [...snapshot.clusters.values()].map((each) => readableCluster(each, upstreams.get(each.name))),
  routes: [...snapshot.routes.values()].map(readableTable),
  ...(problems.length > 0 && { problems }),
});

function readableListener({ name, bytes }: Resource): unknown {
  const { filterChains, listenerFilters } = fromBinary(ListenerSchema, bytes);
  const datagrams = listenerFilters.flatMap((filter) => clusterOf(filter) ?? []);
  return {
    name,
    ...(filterChains.length > 0 && { chains: filterChains.map(readableChain) }),
    ...(datagrams.length > 0 && { datagrams }),
  };
}

function readableChain({ name, filterChainMatch, filters, transportSocket }: FilterChain): unknown {
  const clusters = filters.flatMap((filter) => clusterOf(filter) ?? []);
  return {
    name,
    ...clientsOf(transportSocket),
    ...(filterChainMatch && { serverNames: filterChainMatch.serverNames }),
    ...(clusters.length === 0 && { routes: tablesOf(filters) }),
    ...(clusters.length > 0 && { ...(transportSocket && { terminates: true }), cluster: clusters.join(', ') }),
  };
}

/** Which certificates of clients the chain accepts, if it asks for any. */
function clientsOf(transportSocket: FilterChain['transportSocket']): object {
  const config = transportSocket && configOf(transportSocket);
  const context = config && anyUnpack(config, DownstreamTlsContextSchema);
  const type = context?.commonTlsContext?.validationContextType;
  if (context === undefined || type?.case !== 'combinedValidationContext') return {};
  const { defaultValidationContext, validationContextSdsSecretConfig: by } = type.value;
  const required = context.requireClientCertificate === true;
  const untrusted = defaultValidationContext?.trustChainVerification === Trust.ACCEPT_UNTRUSTED;
  return { clients: { ...(required && { required }), ...(untrusted && { untrusted }), by: by?.name } };
}

interface AnyFilter {
  readonly configType: { readonly value?: unknown };
}

const configOf = ({ configType: { value } }: AnyFilter): Any | undefined =>
  isMessage(value, AnySchema) ? value : undefined;

export const tablesOf = (filters: readonly AnyFilter[]): readonly string[] =>
  filters.flatMap((filter) => {
    const config = configOf(filter);
    const manager = config && anyUnpack(config, HttpConnectionManagerSchema);
    return manager?.routeSpecifier.case === 'rds' ? manager.routeSpecifier.value.routeConfigName : [];
  });

/** Undefined if the filter is no proxy of connections or datagrams. */
export function clusterOf(filter: AnyFilter): string | undefined {
  const config = configOf(filter);
  if (config === undefined) return undefined;
  const tcp = anyUnpack(config, TcpProxySchema);
  if (tcp?.clusterSpecifier.case === 'cluster') return tcp.clusterSpecifier.value;
  const matcher = anyUnpack(config, UdpProxyConfigSchema)?.routeSpecifier.value;
  const action = matcher?.onNoMatch?.onMatch;
  const to = action?.case === 'action' ? action.value.typedConfig : undefined;
  return to && anyUnpack(to, RouteSchema)?.cluster;
}

function readableCluster(resource: Resource, upstream: Upstream | undefined): unknown {
  if (upstream !== undefined && takesConnections(upstream)) {
    const shares = upstream.backends.map(({ service, weight }) => [
      service === undefined
        ? 'nobody'
        : `${service.service}/${service.port}${service.tls ? ` by policy ${service.tls.policy}` : ''}`,
      weight,
    ]);
    return { [`${resource.name} by ${upstream.speaks}`]: Object.fromEntries(shares) };
  }
  const { typedExtensionProtocolOptions } = resourceJson(resource);
  return `${resource.name}${JSON.stringify(typedExtensionProtocolOptions).includes('http2ProtocolOptions') ? ' by HTTP/2' : ''}`;
}

function readableTable(resource: Resource): unknown {
  const { virtualHosts } = fromBinary(RouteConfigurationSchema, resource.bytes);
  const json = resourceJson(resource);
  const hosts = Array.isArray(json['virtualHosts']) ? json['virtualHosts'] : [];
  return {
    name: resource.name,
    hosts: virtualHosts.map(({ domains }, index) => {
      const host = hosts[index];
      const routes = typeof host === 'object' && host !== null && 'routes' in host ? host['routes'] : [];
      return { domains, routes };
    }),
  };
}
