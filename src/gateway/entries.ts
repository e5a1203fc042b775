// The entries of a port in order of precedence, made from its listeners and their routes. There are hostnames × matches ×
// listeners entries, so callers first count them with `hostnamesOn`.

import { hash } from 'node:crypto';
import { compareSpecificity, type Hostname, intersection, overlaps, widerThan } from './hostnames.ts';
import { type PortKey, portKey } from './listener-protocols.ts';
import { ANY_REQUEST } from './matches.ts';
import { type Candidate, comparePrecedence, compareStrings } from './precedence.ts';
import { type RouteId, routeId } from './route-id.ts';
import type { ListenerTopology, PortTopology, RouteEntry, RouteTopology, RuleTopology } from './topology.ts';

/** A port with the lookups that entries need. */
export interface PortView {
  readonly port: PortTopology;
  /** The most specific listener comes first. No request fits two equally specific listeners. */
  readonly listeners: readonly ListenerTopology[];
  /** Of all listeners on the port number. */
  readonly hostnames: ReadonlySet<Hostname>;
  /** For each hostname, all hostnames that cover it, also itself. Computed once, because a port may have thousands of listeners. */
  readonly wider: ReadonlyMap<Hostname, readonly Hostname[]>;
  /** The listeners of each route. */
  readonly attached: ReadonlyMap<RouteId, readonly ListenerTopology[]>;
  /** A hash of what it serves, and of the names and hostnames of the listeners. */
  readonly version: string;
}

export interface RankedEntry {
  readonly entry: RouteEntry;
  readonly candidate: Candidate;
}

const byHostname = (a: ListenerTopology, b: ListenerTopology): number =>
  compareSpecificity(a.hostname, b.hostname) || compareStrings(a.hostname ?? '', b.hostname ?? '');

export function viewOf(port: PortTopology): PortView {
  const listeners = port.listeners.toSorted(byHostname);
  const attached = new Map<RouteId, ListenerTopology[]>();
  for (const listener of listeners) {
    for (const key of listener.routes) {
      const known = attached.get(key);
      if (known === undefined) attached.set(key, [listener]);
      else known.push(listener);
    }
  }
  const hostnames = new Set([...listeners, ...(port.beside ?? [])].map(({ hostname }) => hostname));
  const wider = new Map([...hostnames].map((each) => [each, widerThan(each)]));
  const named = listeners.map(({ name, hostname }) => [name, hostname]);
  const version = JSON.stringify([port.serves, named, [...hostnames]]);
  return { port, listeners, hostnames, wider, attached, version: hash('sha256', version, 'base64') };
}

/**
 * Remembers what was made of a route on a port. It holds as long as the port has the same listeners, and the route is attached to the
 * same of them.
 * @param compute needs nothing else of the port
 */
export function onPort<V>(
  compute: (view: PortView, route: RouteTopology) => V,
): (view: PortView, route: RouteTopology) => V {
  const results = new WeakMap<RouteTopology, Map<PortKey, Remembered<V>>>();
  return (view, route) => {
    const attached = view.attached.get(routeId(route.route)) ?? [];
    const known = results.get(route)?.get(portKey(view.port));
    if (known?.version === view.version && areNamed(attached, known.listeners)) return known.value;
    const value = compute(view, route);
    if (!Object.isFrozen(route)) return value;
    const byPort = results.get(route) ?? new Map<PortKey, Remembered<V>>();
    const listeners = attached.map(({ name }) => name);
    results.set(route, byPort.set(portKey(view.port), { version: view.version, listeners, value }));
    return value;
  };
}

interface Remembered<V> {
  readonly version: string;
  /** The names of those that the route was attached to. */
  readonly listeners: readonly string[];
  readonly value: V;
}

const areNamed = (listeners: readonly ListenerTopology[], names: readonly string[]): boolean =>
  listeners.length === names.length && listeners.every(({ name }, index) => name === names[index]);

/** All entries of a port. */
export function portEntries(port: PortTopology, routes: readonly RouteTopology[]): readonly RouteEntry[] {
  const view = viewOf(port);
  const ranked = routes.flatMap((route) => route.rules.flatMap((rule) => ruleEntries(view, route, rule)));
  return inOrder(view, ranked);
}

/** The entries of one rule, in any order. */
export function ruleEntries(view: PortView, route: RouteTopology, rule: RuleTopology): readonly RankedEntry[] {
  const listeners = view.attached.get(routeId(route.route)) ?? [];
  return listeners.flatMap((listener) => listenerEntries(view, listener, route, rule));
}

function listenerEntries(
  view: PortView,
  listener: ListenerTopology,
  route: RouteTopology,
  { rule, name, matches, action }: RuleTopology,
): readonly RankedEntry[] {
  return hostnamesOn(view, listener, route).flatMap(([routeHostname, hostname]) =>
    matches.map((match, matchIndex) => ({
      candidate: {
        routeHostname,
        match,
        creationTimestamp: route.created,
        route: route.route,
        ruleIndex: rule,
        matchIndex,
      },
      entry: {
        listener: listener.name,
        ...(hostname !== undefined && { hostname }),
        match,
        source: {
          kind: 'rule' as const,
          route: route.route,
          rule,
          ...(name !== undefined && { ruleName: name }),
          match: matchIndex,
        },
        action,
      },
    })),
  );
}

interface IsolatedListener {
  readonly name: string;
  readonly hostname?: Hostname;
}

type HostnamePair = readonly [routeHostname: Hostname, hostname: Hostname];

/**
 * The route's hostnames that overlap with the listener's, each with the intersection. If several have the same intersection, only
 * the most specific one is returned. Left out are hosts that a more specific listener of the port covers completely.
 */
export function hostnamesOn(
  { hostnames }: PortView,
  listener: ListenerTopology,
  route: RouteTopology,
): readonly HostnamePair[] {
  const byIntersection = new Map<Hostname, Hostname>();
  for (const hostname of inOrderOfSpecificity(route)) {
    if (!overlaps(listener.hostname, hostname)) continue;
    const both = intersection(listener.hostname, hostname);
    if (!byIntersection.has(both) && !isTaken(both, listener.hostname, hostnames)) byIntersection.set(both, hostname);
  }
  return [...byIntersection].map(([both, hostname]) => [hostname, both]);
}

const inOrderOfSpecificity = ({ hostnames }: RouteTopology): readonly Hostname[] =>
  hostnames.length === 0 ? [undefined] : hostnames.toSorted(compareSpecificity);

/** Whether a listener more specific than `own` covers the whole host. */
function isTaken(hostname: Hostname, own: Hostname, listeners: ReadonlySet<Hostname>): boolean {
  for (const wider of widerThan(hostname)) {
    if (wider === own) return false;
    if (listeners.has(wider)) return true;
  }
  return false;
}

/**
 * A request belongs to the most specific listener that covers its host, and only routes of that listener may answer it. But a data
 * plane has one list for the whole port, and the first matching entry answers. So entries of kind `isolate` answer 404 if a
 * listener has no route for its request.
 * @param ranked entries of any listeners of the port
 */
export function inOrder({ listeners, wider }: PortView, ranked: readonly RankedEntry[]): readonly RouteEntry[] {
  const byListener = Map.groupBy(ranked, ({ entry }) => entry.listener);
  const groups: (readonly RouteEntry[])[] = [];
  const following = new Following();
  for (const listener of listeners.toReversed()) {
    const own = (byListener.get(listener.name) ?? [])
      .toSorted((a, b) => comparePrecedence(a.candidate, b.candidate))
      .map(({ entry }) => entry);
    const group =
      following.answers(wider.get(listener.hostname) ?? []) === 'rule' ? [...own, isolation(listener)] : own;
    following.prepend(group);
    groups.push(group);
  }
  return groups.toReversed().flat();
}

/** The entries after those of a listener: for each hostname, the first entry that answers it. */
class Following {
  readonly #first = new Map<Hostname, { readonly place: number; readonly kind: RouteEntry['source']['kind'] }>();
  #place = 0;

  prepend(entries: readonly RouteEntry[]): void {
    for (const { hostname, source } of entries.toReversed()) {
      this.#place -= 1;
      this.#first.set(hostname, { place: this.#place, kind: source.kind });
    }
  }

  /**
   * The kind of the first entry that covers the whole host. Entries for only a part of it belong to more specific listeners.
   * @param wider the hostnames that cover the host
   * @returns undefined if there is no such entry
   */
  answers(wider: readonly Hostname[]): RouteEntry['source']['kind'] | undefined {
    let first: { readonly place: number; readonly kind: RouteEntry['source']['kind'] } | undefined;
    for (const hostname of wider) {
      const found = this.#first.get(hostname);
      if (found !== undefined && (first === undefined || found.place < first.place)) first = found;
    }
    return first?.kind;
  }
}

/**
 * Answers 404 for the listener's hosts, so that no entry of a less specific listener answers them. It is there even if an earlier
 * entry takes all requests, because a data plane may leave that entry out.
 */
export const isolation = ({ name, hostname }: IsolatedListener): RouteEntry => ({
  listener: name,
  ...(hostname !== undefined && { hostname }),
  match: ANY_REQUEST,
  source: { kind: 'isolate' },
  action: { kind: 'respond', statusCode: 404 },
});
