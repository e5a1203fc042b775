// Clusters: how Envoy reaches the pods of a Service's port.
import { create } from '@bufbuild/protobuf';
import type { BackendService, RouteTopology } from '../../gateway/topology.ts';
import { type Resource, resource } from '../snapshot.ts';
import { CircuitBreakersSchema } from '../xds/envoy/config/cluster/v3/circuit_breaker_pb.ts';
import {
  Cluster_DiscoveryType,
  Cluster_EdsClusterConfigSchema,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../xds/envoy/config/cluster/v3/cluster_pb.ts';
import {
  type HttpProtocolOptions_ExplicitHttpConfigSchema,
  HttpProtocolOptionsSchema,
} from '../xds/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { BUFFER_LIMIT, HTTP2_LIMITS, MAX_CONCURRENT } from './edge.ts';
import { FROM_ADS, type Init, packed, seconds } from './messages.ts';
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
  return resource(ClusterSchema, name, {
    ...shared,
    name,
    typedExtensionProtocolOptions: protocols[versionOf(backend)],
  });
}

const versionOf = (backend: BackendService) => (isHttp2(backend) ? 'http2' : 'http1');

const protocolOptions = (value: Init<typeof HttpProtocolOptions_ExplicitHttpConfigSchema>) => ({
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': packed(HttpProtocolOptionsSchema, {
    upstreamProtocolOptions: { case: 'explicitHttpConfig', value },
  }),
});

/** Made once, because a Gateway may have thousands of clusters. */
const protocols = {
  http1: protocolOptions({ protocolConfig: { case: 'httpProtocolOptions', value: {} } }),
  http2: protocolOptions({ protocolConfig: { case: 'http2ProtocolOptions', value: HTTP2_LIMITS } }),
};

const limits = { maxConnections: MAX_CONCURRENT, maxPendingRequests: MAX_CONCURRENT, maxRequests: MAX_CONCURRENT };

const shared = {
  clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
  edsClusterConfig: create(Cluster_EdsClusterConfigSchema, { edsConfig: FROM_ADS }),
  connectTimeout: seconds(5),
  perConnectionBufferLimitBytes: BUFFER_LIMIT,
  lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
  circuitBreakers: create(CircuitBreakersSchema, { thresholds: [limits] }),
} satisfies Init<typeof ClusterSchema>;
