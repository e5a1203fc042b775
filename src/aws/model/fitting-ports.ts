// The ports that fit on the load balancer. What serves stays, then the Gateway's own listeners come first, and then its
// ListenerSets'.

import { portKey } from '../../gateway/listener-protocols.ts';
import type { ListenerTopology, PortTopology } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import type { ModelContext } from './context.ts';
import { portPrecedence } from './port-precedence.ts';
import { admittedPorts, ingressCapacity, rulesPerPort } from './security-groups.ts';
import type { Standing } from './standing.ts';

export interface FittingPorts {
  readonly ports: readonly PortTopology[];
  readonly problems: readonly Problem[];
}

export function fittingPorts(context: ModelContext, standing: Standing): FittingPorts {
  const all = context.topology.ports;
  const serves = (port: PortTopology): number => Number(standing.ports.has(portKey(port)));
  const ordered = all.toSorted((a, b) => serves(b) - serves(a) || portPrecedence(a) - portPrecedence(b));
  const listened = withinListeners(ordered, context.options.quotas.listeners);
  const fitting = new Set(listened.slice(0, admittedPorts(context)));
  const problems = all
    .filter((port) => !fitting.has(port))
    .flatMap((port) => port.listeners.map((listener) => leftOut(context, listener, listened.includes(port))));
  return { ports: all.filter((port) => fitting.has(port)), problems };
}

/** TCP and UDP of one number share a listener. */
function withinListeners(ordered: readonly PortTopology[], limit: number): readonly PortTopology[] {
  const numbers = new Set([...new Set(ordered.map(({ port }) => port))].slice(0, limit));
  return ordered.filter(({ port }) => numbers.has(port));
}

function leftOut(context: ModelContext, { name }: ListenerTopology, forItsRules: boolean): Problem {
  const place = { listener: name, field: 'port' };
  if (!forItsRules) return { kind: 'too-many-listeners', ...place, limit: context.options.quotas.listeners };
  const [ranges, limit] = [rulesPerPort(context), ingressCapacity(context)];
  return { kind: 'too-many-ingress-rules', ...place, ranges, ports: admittedPorts(context), limit };
}
