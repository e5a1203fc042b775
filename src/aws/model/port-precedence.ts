// Whose listeners come first: the Gateway's own, then those of its ListenerSets, the oldest one's first.
import type { ListenerTopology, PortTopology } from '../../gateway/topology.ts';

export const precedenceOf = ({ precedence = 0 }: ListenerTopology): number => precedence;

export const portPrecedence = ({ listeners }: Pick<PortTopology, 'listeners'>): number =>
  Math.min(...listeners.map(precedenceOf));
