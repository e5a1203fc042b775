// Clusters: how Envoy reaches the pods of a Service's port.
import { create } from '@bufbuild/protobuf';
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
import { BUFFER_LIMIT, HTTP2_LIMITS, MAX_CONCURRENT, MAX_RETRIES, MAX_SESSIONS } from './edge.ts';
import { FROM_ADS, type Init, packed, seconds } from './messages.ts';
import { endpointSockets, upstreamTls } from './upstream-tls.ts';
import { clusterName, servicesOf, takesConnections, type Upstream } from './upstreams.ts';

export function cluster(upstream: Upstream): Resource {
  const name = clusterName(upstream);
  return resource(ClusterSchema, name, {
    ...shared,
    name,
    ...(takesConnections(upstream)
      ? // Others prefer endpoints with few connections, whatever the weights.
        {
          lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
          ...(upstream.speaks === 'udp' && { circuitBreakers: ofSessions }),
          ...(upstream.tls && endpointSockets(servicesOf(upstream))),
        }
      : {
          typedExtensionProtocolOptions: protocols[upstream.speaks],
          ...(upstream.backend.tls && { transportSocket: upstreamTls(upstream.backend.tls, alpn[upstream.speaks]) }),
        }),
  });
}

const alpn = { http1: 'http/1.1', http2: 'h2' } as const;

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

const limits = {
  maxConnections: MAX_CONCURRENT,
  maxPendingRequests: MAX_CONCURRENT,
  maxRequests: MAX_CONCURRENT,
  maxRetries: MAX_RETRIES,
};

const ofSessions = create(CircuitBreakersSchema, { thresholds: [{ ...limits, maxConnections: MAX_SESSIONS }] });

const shared = {
  clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
  edsClusterConfig: create(Cluster_EdsClusterConfigSchema, { edsConfig: FROM_ADS }),
  connectTimeout: seconds(5),
  perConnectionBufferLimitBytes: BUFFER_LIMIT,
  lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
  circuitBreakers: create(CircuitBreakersSchema, { thresholds: [limits] }),
} satisfies Init<typeof ClusterSchema>;
