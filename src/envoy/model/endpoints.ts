// The endpoints of a cluster. They change with each pod, so they are made apart from everything else.
import type { Endpoint, EndpointSlice } from '../../api/core.ts';
import type { BackendService, BackendTls } from '../../gateway/backend-service.ts';
import { compareStrings } from '../../gateway/precedence.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { type Location, type Resource, resource, versionOf } from '../snapshot.ts';
import type { LbEndpointSchema } from '../xds/envoy/config/endpoint/v3/endpoint_components_pb.ts';
import { ClusterLoadAssignmentSchema } from '../xds/envoy/config/endpoint/v3/endpoint_pb.ts';
import { type Init, socketAddress } from './messages.ts';
import { type Hinted, nearest } from './nearest.ts';
import { socketChoice } from './upstream-tls.ts';
import { clusterName, type OfConnections, servicesOf, takesConnections, type Upstream } from './upstreams.ts';

interface Place {
  readonly address: string;
  readonly port: number;
}

interface Address extends Place, Hinted {
  readonly isReady: boolean;
}

type SlicesOf = (service: ObjectKey) => readonly EndpointSlice[];

/** The pods that are used for a backend. */
type PodsFor = (backend: BackendService) => readonly Address[];

export function endpointsOf(upstream: Upstream, slicesOf: SlicesOf): Resource {
  const pods = new Map(servicesOf(upstream).map((backend) => [backend, podsOf(backend, slicesOf)]));
  const everywhere = assignment(upstream, (backend) => pods.get(backend) ?? []);
  const all = [...pods.values()];
  if (!all.flat().some(({ hints }) => hints !== undefined)) return everywhere;
  const known = new Map<string, Resource>();
  const at = (location: Location): Resource => {
    const key = `${location.node} ${location.zone}`;
    const found = known.get(key) ?? assignment(upstream, (backend) => nearest(pods.get(backend) ?? [], location));
    known.set(key, found);
    return found;
  };
  return { ...everywhere, nearby: { version: versionOf(JSON.stringify(all)), at } };
}

function assignment(upstream: Upstream, podsFor: PodsFor): Resource {
  const name = clusterName(upstream);
  const lbEndpoints = takesConnections(upstream)
    ? shares(upstream, podsFor)
    : podsFor(upstream.backend).map(lbEndpoint);
  return resource(ClusterLoadAssignmentSchema, name, {
    clusterName: name,
    endpoints: lbEndpoints.length === 0 ? [] : [{ lbEndpoints }],
  });
}

/** Envoy takes 32 bits for the sum of all weights. Each endpoint has at least 1. */
const TOTAL_WEIGHT = 2 ** 31;

/** Nothing listens there in Envoy's pod, so connections are refused at once. */
const NOBODY = { address: '127.0.0.1', port: 1 };

interface Share {
  readonly at: Place;
  part: number;
  tls: BackendTls | undefined;
}

/**
 * The weight of a backend belongs to its pods in equal parts. Without pods, nobody has it. A pod may be behind several backends: the
 * first BackendTLSPolicy of them counts.
 */
function shares({ backends, tls }: OfConnections, podsFor: PodsFor): Init<typeof LbEndpointSchema>[] {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  const found = new Map<string, Share>();
  for (const { service, weight } of backends) {
    const pods = service === undefined ? [] : podsFor(service);
    const places: readonly Place[] = pods.length > 0 ? pods : [NOBODY];
    for (const at of places) {
      const key = `${at.address} ${at.port}`;
      const known = found.get(key) ?? { at, part: 0, tls: undefined };
      found.set(key, known);
      known.part += weight / total / places.length;
      known.tls ??= service?.tls;
    }
  }
  return [...found.values()].map((share) => ({
    ...lbEndpoint(share.at),
    loadBalancingWeight: Math.max(1, Math.round(share.part * TOTAL_WEIGHT)),
    ...(tls && { metadata: socketChoice(share.tls) }),
  }));
}

/** The pods of the backend's port. As kube-proxy does it, pods that end get requests only while no other is ready. */
function podsOf(backend: BackendService, slicesOf: SlicesOf): readonly Address[] {
  const slices = slicesOf(backend.service);
  const serving = slices.flatMap((slice) =>
    slice.addressType === family(backend, slices) ? addresses(backend, slice) : [],
  );
  const ready = serving.filter(({ isReady }) => isReady);
  // Two slices may have the same endpoint for a moment.
  const chosen = new Map((ready.length > 0 ? ready : serving).map((each) => [`${each.address} ${each.port}`, each]));
  return [...chosen.values()].toSorted((a, b) => compareStrings(a.address, b.address) || a.port - b.port);
}

const lbEndpoint = ({ address, port }: Place): Init<typeof LbEndpointSchema> => ({
  hostIdentifier: { case: 'endpoint', value: { address: socketAddress(address, port) } },
});

/** The Service's first family that has an address: a pod of a dual-stack Service is in slices of both. */
const family = ({ families }: BackendService, slices: readonly EndpointSlice[]) =>
  families.find((each) =>
    slices.some(({ addressType, endpoints }) => addressType === each && (endpoints ?? []).length > 0),
  );

function addresses({ portName, transport }: BackendService, slice: EndpointSlice): readonly Address[] {
  const port = (slice.ports ?? []).find(
    ({ name = '', protocol = 'TCP' }) => name === portName && protocol === (transport ?? 'TCP'),
  )?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const [address] = endpoint.addresses;
    if (address === undefined || !isServing(endpoint)) return [];
    const { hints } = endpoint;
    // kube-proxy reads no hints of pods that end.
    return isReady(endpoint)
      ? { address, port, isReady: true, ...(hints !== undefined && { hints }) }
      : { address, port, isReady: false };
  });
}

/** Kubernetes: unknown counts as ready. */
const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready !== false;

const isServing = (endpoint: Endpoint): boolean => endpoint.conditions?.serving ?? isReady(endpoint);
