// Listeners that share a port number, which the Gateway API allows but AWS does not: a port of an NLB has only one listener.
// The Gateway's own listeners come first, then those of older ListenerSets. Among the listeners of one owner, a listener that
// AWS has already comes first.

import { type PortKey, portKey } from '../../../gateway/listener-protocols.ts';
import type { ListenerTopology, PortTopology } from '../../../gateway/topology.ts';
import type { ListenerPair } from '../../listener-problem.ts';
import { precedenceOf } from '../port-precedence.ts';
import { protocolOf } from '../protocol.ts';
import type { Standing } from '../standing.ts';
import { hasDatagrams } from './protocol.ts';

export interface Serving extends Pick<Standing, 'forwards'> {
  /** The ports of an ALB behind the NLB. */
  readonly http: ReadonlySet<PortKey>;
}

/** One of the listeners of a port. */
interface Place {
  readonly port: PortTopology;
  readonly listener: ListenerTopology;
}

/** The ports with the listeners that AWS can have. @param ports the listeners of each port are in order of precedence */
export function withoutPairs(
  ports: readonly PortTopology[],
  serving: Serving,
): { readonly ports: readonly PortTopology[]; readonly problems: readonly ListenerPair[] } {
  const winners = new Map<number, Place>();
  for (const [number, sharing] of Map.groupBy(ports, ({ port }) => port)) {
    const [first] = sharing
      .flatMap((port) => port.listeners.map((listener): Place => ({ port, listener })))
      .toSorted(
        (a, b) =>
          precedenceOf(a.listener) - precedenceOf(b.listener) ||
          Number(serves(b, serving)) - Number(serves(a, serving)),
      );
    if (first !== undefined) winners.set(number, first);
  }
  const problems: ListenerPair[] = [];
  const fitting = ports.map((port) => ({
    ...port,
    listeners: port.listeners.filter((listener) => {
      const own = { port, listener };
      const winner = winners.get(port.port) ?? own;
      if (canShare(winner, own)) return true;
      problems.push({
        kind: 'listener-pair',
        listener: listener.name,
        field: 'port',
        port: port.port,
        own: protocolOfListener(own),
        other: protocolOfListener(winner),
        by: winner.listener.name,
      });
      return false;
    }),
  }));
  return { ports: fitting.filter(({ listeners }) => listeners.length > 0), problems };
}

/** A TCP and a UDP listener can become one listener for both. */
function canShare(a: Place, b: Place): boolean {
  if (a.port.serves.kind === b.port.serves.kind) return a.listener.tlsMode === b.listener.tlsMode;
  return [a, b].every(
    ({
      port: {
        serves: { kind },
      },
    }) => kind === 'tcp' || kind === 'udp',
  );
}

/** Whether AWS already has a listener with this protocol on the port. */
function serves({ port, listener }: Place, { http, forwards }: Serving): boolean {
  const { kind } = port.serves;
  const hasAlb = http.has(portKey({ ...port, serves: { kind: 'http', tls: false } }));
  const protocol = forwards.get(port.port)?.protocol;
  if (kind === 'http') return hasAlb;
  if (hasAlb || protocol === undefined) return false;
  if (kind === 'udp') return hasDatagrams(protocol);
  return kind === 'tls' && listener.tlsMode !== 'Passthrough'
    ? protocol === 'TLS'
    : protocol === 'TCP' || protocol === 'TCP_UDP';
}

function protocolOfListener({ port, listener: { tlsMode } }: Place): string {
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
