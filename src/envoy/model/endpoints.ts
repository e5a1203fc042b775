// The endpoints of a cluster. They change with each pod, so they are made apart from everything else.
import type { Endpoint, EndpointSlice } from '../../api/core.ts';
import { compareStrings } from '../../gateway/precedence.ts';
import type { BackendService } from '../../gateway/topology.ts';
import { type Resource, resource } from '../snapshot.ts';
import { type LbEndpointSchema } from '../xds/envoy/config/endpoint/v3/endpoint_components_pb.ts';
import { ClusterLoadAssignmentSchema } from '../xds/envoy/config/endpoint/v3/endpoint_pb.ts';
import { type Init, socketAddress } from './messages.ts';
import { clusterName, type Upstream } from './upstreams.ts';

interface Address {
  readonly address: string;
  readonly port: number;
  readonly isReady: boolean;
}

/**
 * The pods of the upstream's port. As kube-proxy does it, pods that end get requests only while no other is ready.
 * @param slices of the Service
 */
export function endpointsOf(upstream: Upstream, slices: readonly EndpointSlice[]): Resource {
  const { backend } = upstream;
  const serving = slices.flatMap((slice) =>
    slice.addressType === family(backend, slices) ? addresses(backend, slice) : [],
  );
  const ready = serving.filter(({ isReady }) => isReady);
  // Two slices may have the same endpoint for a moment.
  const chosen = new Map((ready.length > 0 ? ready : serving).map((each) => [`${each.address} ${each.port}`, each]));
  const lbEndpoints = [...chosen.values()]
    .toSorted((a, b) => compareStrings(a.address, b.address) || a.port - b.port)
    .map(lbEndpoint);
  const name = clusterName(upstream);
  return resource(ClusterLoadAssignmentSchema, name, {
    clusterName: name,
    endpoints: lbEndpoints.length === 0 ? [] : [{ lbEndpoints }],
  });
}

const lbEndpoint = ({ address, port }: Address): Init<typeof LbEndpointSchema> => ({
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
    return address === undefined || !isServing(endpoint) ? [] : { address, port, isReady: isReady(endpoint) };
  });
}

/** Kubernetes: unknown counts as ready. */
const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready !== false;

const isServing = (endpoint: Endpoint): boolean => endpoint.conditions?.serving ?? isReady(endpoint);
