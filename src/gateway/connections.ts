// From listeners and the routes attached to them to what becomes of the connections, or datagrams, of one port: `entries.ts` for
// ports without requests.

import { hostnamesOn, type PortView, viewOf } from './entries.ts';
import { compareSpecificity, type Hostname } from './hostnames.ts';
import { compareRoutes, compareStrings } from './precedence.ts';
import type { RouteRef } from './problem-place.ts';
import { routeId } from './route-id.ts';
import type { ListenerTopology, PortTopology, RouteAction, RouteTopology } from './topology.ts';

export interface ConnectionEntry {
  readonly listener: string;
  /** The server name, lower case, exact or `*.suffix`; absent: any, or none. The intersection of the listener's and the route's. */
  readonly hostname?: string;
  readonly route: RouteRef;
  readonly rule: number;
  /** Absent for a route that is `unread`: what a data plane has of it serves on. 500 stands for no answer. */
  readonly action?: RouteAction;
}

/**
 * A TCP or UDP port has one entry at most, its oldest route's. A TLS port has one a listener and server name, the most specific
 * first. A connection belongs to the most specific listener that its server name fits, and only that one's entries are for it.
 * @param routes those of the topology
 */
export function connectionsOf(port: PortTopology, routes: readonly RouteTopology[]): readonly ConnectionEntry[] {
  const view = viewOf(port);
  const attached = routes.filter(({ route }) => view.attached.has(routeId(route))).toSorted(byAge);
  const candidates = attached.flatMap((route) =>
    (view.attached.get(routeId(route.route)) ?? []).flatMap((listener) => candidatesOn(view, listener, route)),
  );
  const first = new Map<string, Candidate>();
  for (const candidate of candidates.toSorted(byRouteHostname)) {
    const { listener, hostname = '' } = candidate.entry;
    const key = `${hostname} ${listener}`;
    if (!first.has(key)) first.set(key, candidate);
  }
  return [...first.values()].map(({ entry }) => entry).toSorted(byHostname);
}

interface Candidate {
  /** The route's own: where several come down to the same name, the most specific original has it. */
  readonly routeHostname: Hostname;
  readonly entry: ConnectionEntry;
}

function candidatesOn(view: PortView, listener: ListenerTopology, route: RouteTopology): readonly Candidate[] {
  const [rule] = route.rules;
  if (rule === undefined && route.unread !== true) return [];
  return hostnamesOn(view, listener, route).map(([routeHostname, hostname]) => ({
    routeHostname,
    entry: {
      listener: listener.name,
      ...(hostname !== undefined && { hostname }),
      route: route.route,
      // All others would never get a connection: a rule takes whatever comes.
      rule: rule?.rule ?? 0,
      ...(rule !== undefined && { action: rule.action }),
    },
  }));
}

/** Negative when `a` is the older one. */
export const byAge = (
  a: Pick<RouteTopology, 'created' | 'route'>,
  b: Pick<RouteTopology, 'created' | 'route'>,
): number => compareStrings(a.created ?? '', b.created ?? '') || compareRoutes(a.route, b.route);

const byRouteHostname = (a: Candidate, b: Candidate): number => compareSpecificity(a.routeHostname, b.routeHostname);

const byHostname = (a: ConnectionEntry, b: ConnectionEntry): number =>
  compareSpecificity(a.hostname, b.hostname) ||
  compareStrings(a.hostname ?? '', b.hostname ?? '') ||
  compareStrings(a.listener, b.listener);
