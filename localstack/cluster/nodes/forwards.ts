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
  /** Without endpoints on the node that gets them, packets are dropped. Without any endpoints nobody listens. */
  readonly endpoints: readonly Endpoint[];
}

interface Node {
  readonly name: string;
  readonly address: string;
  readonly ipv6?: { readonly address: string } | undefined;
}

const forwardKey = ({ protocol, address, port }: Forward): string => `${protocol} ${hostPort(address, port)}`;

/** @param announcers the nodes that get the packets for the Services' load balancer addresses; default: all together */
export function forwardsOf(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  nodes: readonly Node[],
  announcers: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, Forward> {
  const slicesOf = Map.groupBy(slices, ({ metadata: { namespace, labels } }) => {
    return `${namespace}/${labels?.['kubernetes.io/service-name']}`;
  });
  const forwards = services.flatMap((service) => {
    const key = `${service.metadata.namespace}/${service.metadata.name}`;
    const own = slicesOf.get(key) ?? [];
    return (service.spec.ports ?? []).flatMap((port) => forwardsOfPort(service, port, own, nodes, announcers.get(key)));
  });
  return new Map(forwards.map((one) => [forwardKey(one), one]));
}

function forwardsOfPort(
  { spec, status }: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
  nodes: readonly Node[],
  announcer: string | undefined,
): readonly Forward[] {
  const { protocol = 'TCP', nodePort = 0 } = port;
  if (protocol !== 'TCP' && protocol !== 'UDP') return [];
  const all = endpointsOf(slices, port);
  const local = spec.externalTrafficPolicy === 'Local';
  /** Traffic stays in its family. */
  const sameFamily = (address: string) => all.filter((each) => familyOf(each.address) === familyOf(address));
  const forward = (address: string, at: number, node?: string): readonly Forward[] => {
    const family = sameFamily(address);
    const endpoints = serving(family.filter((each) => node === undefined || each.node === node));
    return family.length === 0 ? [] : [{ protocol, address, port: at, endpoints }];
  };
  const nodePorts = (nodePort === 0 ? [] : nodes).flatMap(({ name, address, ipv6 }) =>
    [address, ipv6?.address ?? []].flat().map((at) => ({ name, at })),
  );
  return [
    ...(spec.clusterIPs ?? []).filter(isAddress).flatMap((address) => forward(address, port.port)),
    ...ingressOf(status)
      .filter(isAddress)
      .flatMap((address) => forward(address, port.port, local ? announcer : undefined)),
    ...nodePorts
      .flatMap(({ name, at }) => forward(at, nodePort, local ? name : undefined))
      // Load balancers must see that the node has none.
      .filter(({ endpoints }) => endpoints.length > 0),
  ];
}

const isAddress = (address: string): boolean => isIP(address) !== 0;

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
