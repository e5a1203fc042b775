// Which clusters get the requests of a rule, and their copies.
import type { Forward, Mirror, TopologyBackend } from '../../gateway/route-action.ts';
import {
  RouteAction_ClusterNotFoundResponseCode as NotFoundCode,
  type RouteAction_RequestMirrorPolicySchema,
  type RouteActionSchema,
  type WeightedCluster_ClusterWeightSchema,
} from '../xds/envoy/config/route/v3/route_components_pb.ts';
import { headerFields } from './headers.ts';
import { type Init, millionths } from './messages.ts';
import { INVALID_CLUSTER } from './names.ts';
import { clusterName, forRequests } from './upstreams.ts';

/** @param grpc whether the share of invalid backends is answered as gRPC has it: 503 means UNAVAILABLE */
export function clusterSpecifier({ backends }: Forward, grpc: boolean): Init<typeof RouteActionSchema> {
  const weighted = backends.filter(({ weight }) => weight > 0);
  const [first, ...others] = weighted;
  if (first?.service !== undefined && others.length === 0 && !first.requestHeaders && !first.responseHeaders) {
    return { clusterSpecifier: { case: 'cluster', value: clusterName(forRequests(first.service)) } };
  }
  return {
    clusterSpecifier: { case: 'weightedClusters', value: { clusters: weighted.map(weightedCluster) } },
    clusterNotFoundResponseCode: grpc ? NotFoundCode.SERVICE_UNAVAILABLE : NotFoundCode.INTERNAL_SERVER_ERROR,
  };
}

const weightedCluster = (backend: TopologyBackend): Init<typeof WeightedCluster_ClusterWeightSchema> => ({
  name: backend.service === undefined ? INVALID_CLUSTER : clusterName(forRequests(backend.service)),
  weight: backend.weight,
  ...headerFields(backend),
});

export const mirrorPolicies = (mirrors: readonly Mirror[]): Init<typeof RouteAction_RequestMirrorPolicySchema>[] =>
  mirrors.map(({ service, numerator, denominator }) => ({
    cluster: clusterName(forRequests(service)),
    runtimeFraction: millionths(Math.round((numerator / denominator) * 1_000_000)),
    // Else the Host of the copy would end in `-shadow`.
    disableShadowHostSuffixAppend: true,
  }));
