// Clusters: how Envoy reaches the pods of a Service's port.
import type { BackendService, RouteTopology } from '../../gateway/topology.ts';
import { type Resource, resource } from '../snapshot.ts';
import { Cluster_DiscoveryType, Cluster_LbPolicy, ClusterSchema } from '../xds/envoy/config/cluster/v3/cluster_pb.ts';
import { HttpProtocolOptionsSchema } from '../xds/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { BUFFER_LIMIT, HTTP2_LIMITS, MAX_CONCURRENT } from './edge.ts';
import { fromAds, packed, seconds } from './messages.ts';
import { clusterName, isHttp2 } from './names.ts';

/** All backends that requests or their copies may go to, by the name of their cluster. */
export function backendsOf(routes: readonly RouteTopology[]): ReadonlyMap<string, BackendService> {
  const actions = routes.flatMap(({ rules }) =>
    rules.flatMap(({ action }) => (action.kind === 'forward' ? action : [])),
  );
  const backends = actions.flatMap(({ backends: refs, mirrors = [] }) => [
    ...refs.flatMap(({ service, weight }) => (service === undefined || weight === 0 ? [] : service)),
    ...mirrors.map(({ service }) => service),
  ]);
  return new Map(backends.map((backend) => [clusterName(backend), backend]));
}

export function cluster(backend: BackendService): Resource {
  const name = clusterName(backend);
  const limits = { maxConnections: MAX_CONCURRENT, maxPendingRequests: MAX_CONCURRENT, maxRequests: MAX_CONCURRENT };
  return resource(ClusterSchema, name, {
    name,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: fromAds() },
    connectTimeout: seconds(5),
    perConnectionBufferLimitBytes: BUFFER_LIMIT,
    lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
    circuitBreakers: { thresholds: [limits] },
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': protocolOptions(backend),
    },
  });
}

const protocolOptions = (backend: BackendService) =>
  packed(HttpProtocolOptionsSchema, {
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: {
        protocolConfig: isHttp2(backend)
          ? { case: 'http2ProtocolOptions', value: HTTP2_LIMITS }
          : { case: 'httpProtocolOptions', value: {} },
      },
    },
  });
