// The ports that fit on the load balancer. What serves stays, then the Gateway's own listeners come first, and then its
// ListenerSets'.

import { portKey } from '../../gateway/listener-protocols.ts';
import type { ListenerTopology, PortTopology } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import type { AwsTopology } from '../translation.ts';
import type { Given } from './assemble.ts';
import { type ModelContext, modelContext } from './context.ts';
import { planeOf, stands } from './form.ts';
import { portPrecedence } from './port-precedence.ts';
import { admittedPorts, ingressCapacity, rulesPerPort } from './security-groups.ts';
import type { Standing } from './standing.ts';

export interface FittingPorts {
  readonly ports: readonly PortTopology[];
  readonly problems: readonly Problem[];
}

export function fittingPorts(context: ModelContext, standing: Standing): FittingPorts {
  const { ports, leftOut } = fit(context, standing);
  return { ports, problems: context.topology.ports.filter((port) => !ports.includes(port)).flatMap(leftOut) };
}

interface Fit {
  readonly ports: readonly PortTopology[];
  /** The problems of a port that does not fit. */
  readonly leftOut: (port: PortTopology) => readonly Problem[];
}

function fit(context: ModelContext, standing: Standing): Fit {
  const all = context.topology.ports;
  const serves = (port: PortTopology): number => Number(standing.ports.has(portKey(port)));
  const ordered = all.toSorted((a, b) => serves(b) - serves(a) || portPrecedence(a) - portPrecedence(b));
  const listened = withinListeners(ordered, context.options.quotas.listeners);
  const fitting = new Set(listened.slice(0, admittedPorts(context)));
  return {
    ports: all.filter((port) => fitting.has(port)),
    leftOut: (port) => port.listeners.map((listener) => problemOf(context, listener, listened.includes(port))),
  };
}

/**
 * Without the TCP, UDP and TLS listeners, if an NLB in front of the ALB would have room for none of them. So the ALB serves alone,
 * and takes all other changes.
 */
export function withoutCrowdedOut(
  asked: AwsTopology,
  { network, options, standing }: Given,
): { readonly topology: AwsTopology; readonly problems: readonly Problem[] } {
  const [http, others] = [asked.ports.filter(isHttp), asked.ports.filter((port) => !isHttp(port))];
  const isNew = !stands('nlb', standing.loadBalancers) && asked.addresses === undefined;
  if (!isNew || http.length === 0 || others.length === 0) return { topology: asked, problems: [] };
  const { ports, leftOut } = fit(modelContext(asked, network, options, 'nlb'), standing);
  if (others.some((port) => ports.includes(port))) return { topology: asked, problems: [] };
  return { topology: { ...asked, ports: http }, problems: others.flatMap(leftOut) };
}

const isHttp = (port: PortTopology): boolean => planeOf(port) === 'alb';

/** TCP and UDP of one number share a listener. */
function withinListeners(ordered: readonly PortTopology[], limit: number): readonly PortTopology[] {
  const numbers = new Set([...new Set(ordered.map(({ port }) => port))].slice(0, limit));
  return ordered.filter(({ port }) => numbers.has(port));
}

function problemOf(context: ModelContext, { name }: ListenerTopology, forItsRules: boolean): Problem {
  const place = { listener: name, field: 'port' };
  if (!forItsRules) return { kind: 'too-many-listeners', ...place, limit: context.options.quotas.listeners };
  const [ranges, limit] = [rulesPerPort(context), ingressCapacity(context)];
  return { kind: 'too-many-ingress-rules', ...place, ranges, ports: admittedPorts(context), limit };
}
