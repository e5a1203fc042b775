// Which load balancer a Gateway has: an ALB for HTTP and HTTPS listeners, an NLB for TCP, UDP and TLS listeners.

import type { PortTopology, Topology } from '../../gateway/topology.ts';
import { resourceId } from './naming.ts';
import type { ResourceId } from './resources.ts';

export type Form = 'alb' | 'nlb';

/** The load balancer's name within its Gateway: the second segment of the ids of all that belongs to it. */
export const loadBalancerName = (form: Form, scheme: string): string => (form === 'alb' ? scheme : `nlb-${scheme}`);

const formOfPort = ({ serves }: PortTopology): Form => (serves.kind === 'http' ? 'alb' : 'nlb');

/**
 * If there are listeners of both sorts, or of none, it stays what it is.
 * @param standing the ids of the load balancers that the Gateway has in AWS
 */
export function formOf(ports: readonly PortTopology[], standing: ReadonlySet<ResourceId>): Form {
  const forms = new Set(ports.map(formOfPort));
  const [only] = forms;
  if (forms.size === 1 && only !== undefined) return only;
  return !stands('alb', standing) && stands('nlb', standing) ? 'nlb' : 'alb';
}

const stands = (form: Form, standing: ReadonlySet<ResourceId>): boolean =>
  ['internal', 'internet-facing'].some((scheme) =>
    standing.has(resourceId('load-balancer', loadBalancerName(form, scheme))),
  );

/** The topology with the ports that a load balancer of this form can have, and the others. */
export function withinForm<T extends Topology>(
  topology: T,
  form: Form,
): { readonly topology: T; readonly others: readonly PortTopology[] } {
  const others = topology.ports.filter((port) => formOfPort(port) !== form);
  if (others.length === 0) return { topology, others };
  return { topology: { ...topology, ports: topology.ports.filter((port) => formOfPort(port) === form) }, others };
}
