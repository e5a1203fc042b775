// Which load balancers a Gateway has: an ALB for HTTP and HTTPS listeners, an NLB for TCP, UDP and TLS listeners. For both there is
// an NLB in front of the ALB, because a Gateway has one address.

import type { PortKey } from '../../gateway/listener-protocols.ts';
import type { PortTopology, Topology } from '../../gateway/topology.ts';
import { resourceId } from './naming.ts';
import type { Plane } from './plane.ts';
import type { ResourceId } from './resources.ts';

export type Form = Plane | 'front';

/** The load balancer's name within its Gateway: the second segment of the ids of all that belongs to it. */
export const loadBalancerName = (plane: Plane, scheme: string): string => (plane === 'alb' ? scheme : `nlb-${scheme}`);

export const planeOf = ({ serves }: PortTopology): Plane => (serves.kind === 'http' ? 'alb' : 'nlb');

/** None for a protocol that nobody serves. */
export const planesOf = (ports: readonly PortKey[]): readonly Plane[] =>
  [...new Set(ports.map((port) => port.split('/')[0]))].flatMap((kind) => {
    if (kind === 'http') return 'alb';
    return kind === 'tcp' || kind === 'udp' || kind === 'tls' ? 'nlb' : [];
  });

interface Wanted {
  readonly ports: readonly PortTopology[];
  /** Of all listeners. An invalid listener makes no load balancer, but the one that it had stays. */
  readonly planes: readonly Plane[];
  /** Only an NLB can have addresses of the user's choice. */
  readonly addresses?: Topology['addresses'];
}

/**
 * An address that clients know stays if it can. So an NLB stays in front of an ALB that could serve alone.
 * @param standing the ids of the load balancers that the Gateway has in AWS
 */
export function formOf({ ports, planes, addresses }: Wanted, standing: ReadonlySet<ResourceId>): Form {
  const wanted = new Set([...ports.map(planeOf), ...planes.filter((plane) => stands(plane, standing))]);
  const hasAlb = stands('alb', standing);
  const hasNlb = stands('nlb', standing);
  if (wanted.size === 2 || (addresses !== undefined && wanted.has('alb'))) return 'front';
  if (wanted.has('nlb')) return 'nlb';
  if (wanted.has('alb')) return hasNlb ? 'front' : 'alb';
  if (hasNlb) return hasAlb ? 'front' : 'nlb';
  return 'alb';
}

export const stands = (plane: Plane, standing: ReadonlySet<ResourceId>): boolean =>
  ['internal', 'internet-facing'].some((scheme) =>
    standing.has(resourceId('load-balancer', loadBalancerName(plane, scheme))),
  );
