// The forwards of Services, like kube-proxy's. Pure. https://kubernetes.io/docs/reference/networking/virtual-ips/
import { isIP } from 'node:net';
import { familyOf, hostPort } from '../../aws/ec2/family.ts';
import type { EndpointSlice, Service, ServicePort } from './objects.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** An address to listen at, and its endpoints. */
export interface Forward {
  readonly protocol: 'TCP' | 'UDP';
  readonly address: string;
  readonly port: number;
  /** At least one. Without endpoints nobody listens, and connections are refused. */
  readonly endpoints: readonly Endpoint[];
}

interface Node {
  readonly name: string;
  readonly address: string;
  readonly ipv6?: { readonly address: string } | undefined;
}

const forwardKey = ({ protocol, address, port }: Forward): string => `${protocol} ${hostPort(address, port)}`;

export function forwardsOf(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  nodes: readonly Node[],
): ReadonlyMap<string, Forward> {
  const slicesOf = Map.groupBy(slices, ({ metadata: { namespace, labels } }) => {
    return `${namespace}/${labels?.['kubernetes.io/service-name']}`;
  });
  const forwards = services.flatMap((service) => {
    const own = slicesOf.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [];
    return (service.spec.ports ?? []).flatMap((port) => forwardsOfPort(service, port, own, nodes));
  });
  return new Map(forwards.filter(({ endpoints }) => endpoints.length > 0).map((one) => [forwardKey(one), one]));
}

function forwardsOfPort(
  { spec, status }: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
  nodes: readonly Node[],
): readonly Forward[] {
  const { protocol = 'TCP', nodePort = 0 } = port;
  if (protocol !== 'TCP' && protocol !== 'UDP') return [];
  const all = endpointsOf(slices, port);
  // A load balancer's address leads to all nodes together, also with the policy Local: the nodes share one network.
  const addresses = [...(spec.clusterIPs ?? []), ...ingressOf(status)].filter((address) => isIP(address) !== 0);
  const local = spec.externalTrafficPolicy === 'Local';
  /** Traffic stays in its family. */
  const sameFamily = (address: string) => all.filter((each) => familyOf(each.address) === familyOf(address));
  const nodePorts = (nodePort === 0 ? [] : nodes).flatMap(({ name, address, ipv6 }) =>
    [address, ipv6?.address ?? []].flat().map((at) => ({ name, at })),
  );
  return [
    ...addresses.map(
      (address) => ({ protocol, address, port: port.port, endpoints: serving(sameFamily(address)) }) as const,
    ),
    ...nodePorts.map(({ name, at }) => {
      const endpoints = serving(sameFamily(at).filter(({ node }) => !local || node === name));
      return { protocol, address: at, port: nodePort, endpoints } as const;
    }),
  ];
}

/** Packets for these addresses arrive at a node. With another mode, the load balancer replaces the address. */
const ingressOf = (status: Service['status']): readonly string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = [], ipMode = 'VIP' }) => (ipMode === 'VIP' ? ip : []));

interface Candidate extends Endpoint {
  readonly node: string | undefined;
  readonly ready: boolean;
}

/** The ready endpoints. If none is ready, those that serve while they terminate. */
function serving(candidates: readonly Candidate[]): readonly Endpoint[] {
  const ready = candidates.filter((candidate) => candidate.ready);
  return (ready.length > 0 ? ready : candidates).map(({ address, port }) => ({ address, port }));
}

const endpointsOf = (
  slices: readonly EndpointSlice[],
  { name = '', protocol = 'TCP' }: ServicePort,
): readonly Candidate[] =>
  slices
    .filter(({ addressType }) => addressType === 'IPv4' || addressType === 'IPv6')
    .flatMap(({ ports, endpoints }) => {
      const port = ports?.find((other) => (other.name ?? '') === name && (other.protocol ?? 'TCP') === protocol)?.port;
      if (port === undefined) return [];
      return (endpoints ?? []).flatMap(({ addresses, nodeName, conditions = {} }) => {
        const { ready = true, serving: serves = ready, terminating = false } = conditions;
        if (!ready && !(serves && terminating)) return [];
        return addresses.map((address) => ({ address, port, node: nodeName, ready }));
      });
    });
