// Envoy's resources in its own JSON, as golden files have them. Left out is what all of a kind have in common.
import { fromBinary } from '@bufbuild/protobuf';
import { resourceJson } from '../../json.ts';
import type { Resource } from '../../snapshot.ts';
import { ListenerSchema } from '../../xds/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../xds/envoy/config/route/v3/route_pb.ts';
import { HttpConnectionManagerSchema } from '../../xds/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { EnvoyModel } from '../build.ts';

export const readable = ({ snapshot, ports, problems }: EnvoyModel): unknown => ({
  ports: Object.fromEntries(ports),
  listeners: [...snapshot.listeners.values()].map(readableListener),
  secrets: [...snapshot.secrets.keys()],
  clusters: [...snapshot.clusters.values()].map(readableCluster),
  routes: [...snapshot.routes.values()].map(readableTable),
  ...(problems.length > 0 && { problems }),
});

function readableListener({ name, bytes }: Resource): unknown {
  const { filterChains } = fromBinary(ListenerSchema, bytes);
  return {
    name,
    chains: filterChains.map((chain) => ({
      name: chain.name,
      ...(chain.filterChainMatch && { serverNames: chain.filterChainMatch.serverNames }),
      routes: tablesOf(chain.filters),
    })),
  };
}

const tablesOf = (filters: readonly { readonly configType: { readonly value?: unknown } }[]): readonly string[] =>
  filters.flatMap(({ configType: { value } }) => {
    const bytes = typeof value === 'object' && value !== null && 'value' in value ? value.value : undefined;
    if (!(bytes instanceof Uint8Array)) return [];
    const { routeSpecifier } = fromBinary(HttpConnectionManagerSchema, bytes);
    return routeSpecifier.case === 'rds' ? routeSpecifier.value.routeConfigName : [];
  });

function readableCluster(resource: Resource): unknown {
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
