// Listeners that the Gateway API lets share a port number, and AWS doesn't: a port of an NLB has one listener. The Gateway's own
// listeners come first, then those of older ListenerSets.

import type { ListenerTopology, PortTopology } from '../gateway/topology.ts';
import type { ListenerPair } from './listener-problem.ts';
import { portPrecedence } from './model/port-precedence.ts';
import { protocolOf } from './model/protocol.ts';

/** The ports with the listeners that AWS can have. @param ports each with its listeners in order of precedence */
export function withoutPairs(
  ports: readonly PortTopology[],
  report: (problem: ListenerPair) => void,
): readonly PortTopology[] {
  const first = new Map<number, PortTopology>();
  for (const port of ports.toSorted((a, b) => portPrecedence(a) - portPrecedence(b))) {
    if (!first.has(port.port)) first.set(port.port, port);
  }
  return ports.flatMap((port) => {
    const winner = first.get(port.port) ?? port;
    const [decides] = winner.listeners;
    const listeners = port.listeners.filter((listener) => {
      if (decides === undefined || canShare(winner, decides, port, listener)) return true;
      const [own, other] = [protocolOfListener(port, listener), protocolOfListener(winner, decides)];
      report({
        kind: 'listener-pair',
        listener: listener.name,
        field: 'port',
        port: port.port,
        own,
        other,
        by: decides.name,
      });
      return false;
    });
    return listeners.length === 0 ? [] : [{ ...port, listeners }];
  });
}

/** TCP and UDP become one listener for both. */
function canShare(a: PortTopology, ofA: ListenerTopology, b: PortTopology, ofB: ListenerTopology): boolean {
  if (a.serves.kind === b.serves.kind) return ofA.tlsMode === ofB.tlsMode;
  return [a, b].every(({ serves: { kind } }) => kind === 'tcp' || kind === 'udp');
}

function protocolOfListener(port: PortTopology, { tlsMode }: ListenerTopology): string {
  const { kind } = port.serves;
  switch (kind) {
    case 'http':
      return protocolOf(port);
    case 'tls':
      return tlsMode === undefined ? 'TLS' : `TLS ${tlsMode}`;
    case 'tcp':
    case 'udp':
      return kind.toUpperCase();
    default:
      return kind satisfies never;
  }
}
