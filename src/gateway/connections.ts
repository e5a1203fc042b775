// Finds which route gets the connections, or the datagrams, of a port without requests. `entries.ts` does the same for requests.
import { hostnamesOn, type PortView, viewOf } from './entries.ts';
import { compareSpecificity, type Hostname } from './hostnames.ts';
import { compareRoutes, compareStrings } from './precedence.ts';
import type { RouteRef } from './problem-place.ts';
import type { RouteAction } from './route-action.ts';
import { type RouteId, routeId } from './route-id.ts';
import type { RouteWaits } from './route-problem.ts';
import type { Steps } from './steps.ts';
import type { ListenerTopology, PortTopology, RouteTopology, Topology } from './topology.ts';

export interface ConnectionEntry {
  readonly listener: string;
  /** The server name, lower case, exact or `*.suffix`: what the listener and the route have in common. Absent: any, or none. */
  readonly hostname?: string;
  readonly route: RouteRef;
  readonly rule: number;
  /** Absent if the route is `unread`: then the data plane keeps what it has. 500 means that nobody answers. */
  readonly action?: RouteAction;
}

export const routesById = (routes: readonly RouteTopology[]): ReadonlyMap<RouteId, RouteTopology> =>
  new Map(routes.map((route) => [routeId(route.route), route]));

/**
 * A TCP or UDP port has at most one entry, for its oldest route. A TLS port has one for each listener and server name, the most
 * specific first. A connection belongs to the most specific listener that its server name fits, and only to entries of that one.
 * @param routes the routes of the topology, by id
 */
export function connectionsOf(
  port: PortTopology,
  routes: ReadonlyMap<RouteId, RouteTopology>,
): readonly ConnectionEntry[] {
  const winners = winnersOf(candidatesOf(port, routes));
  return [...winners.values()].map(({ entry }) => entry).toSorted(byHostname);
}

/** The routes that get no connection of a listener, because other routes come first for all of their server names there. */
export function* waitingRoutes({ ports, routes }: Topology): Steps<readonly RouteWaits[]> {
  const byId = routesById(routes);
  const found = new Map<string, { readonly waits: RouteWaits; readonly listeners: string[] }>();
  for (const port of ports) {
    yield;
    if (port.serves.kind === 'http') continue;
    const candidates = candidatesOf(port, byId);
    const winners = winnersOf(candidates);
    const places = Map.groupBy(candidates, ({ entry }) => `${routeId(entry.route)} ${entry.listener}`);
    for (const own of places.values()) {
      const [first] = own;
      const winner = first && winners.get(nameOf(first));
      if (first === undefined || winner === undefined || own.some((each) => winners.get(nameOf(each)) === each))
        continue;
      const { route, rule, listener } = first.entry;
      const key = `${routeId(route)} ${routeId(winner.entry.route)}`;
      const known = found.get(key);
      if (known !== undefined) {
        known.listeners.push(listener);
        continue;
      }
      const listeners = [listener];
      const place = { route, rule, field: '' };
      found.set(key, { listeners, waits: { ...place, kind: 'route-waits', listeners, for: winner.entry.route } });
    }
  }
  return [...found.values()].map(({ waits }) => waits).toSorted((a, b) => compareRoutes(a.route, b.route));
}

interface Candidate {
  /** The hostname as the route has it. If two routes have the same name in common with a listener, the more specific one wins. */
  readonly routeHostname: Hostname;
  readonly entry: ConnectionEntry;
}

/** In order of precedence. */
function candidatesOf(port: PortTopology, routes: ReadonlyMap<RouteId, RouteTopology>): readonly Candidate[] {
  const view = viewOf(port);
  return [...view.attached]
    .flatMap(([id, listeners]) => {
      const route = routes.get(id);
      return route === undefined ? [] : { route, listeners };
    })
    .toSorted((a, b) => byAge(a.route, b.route))
    .flatMap(({ route, listeners }) => listeners.flatMap((listener) => candidatesOn(view, listener, route)))
    .toSorted((a, b) => compareSpecificity(a.routeHostname, b.routeHostname));
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
      rule: rule?.rule ?? 0,
      ...(rule !== undefined && { action: rule.action }),
    },
  }));
}

const nameOf = ({ entry: { listener, hostname = '' } }: Candidate): string => `${hostname} ${listener}`;

/** The first candidate for each listener and server name. */
function winnersOf(candidates: readonly Candidate[]): ReadonlyMap<string, Candidate> {
  const winners = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const name = nameOf(candidate);
    if (!winners.has(name)) winners.set(name, candidate);
  }
  return winners;
}

/** Negative if `a` is the older one. Of one age and name, a TCPRoute comes before a UDPRoute. */
export const byAge = (a: RouteTopology, b: RouteTopology): number =>
  compareStrings(a.created ?? '', b.created ?? '') ||
  compareStrings(a.route.key, b.route.key) ||
  compareStrings(a.route.kind, b.route.kind);

const byHostname = (a: ConnectionEntry, b: ConnectionEntry): number =>
  compareSpecificity(a.hostname, b.hostname) ||
  compareStrings(a.hostname ?? '', b.hostname ?? '') ||
  compareStrings(a.listener, b.listener);
