// From listeners and the routes attached to them to what one port does, entry by entry, in order of precedence. Entries are
// hostnames × matches × listeners: whoever asks for them has counted first, with `hostnamesOn`.

import { compareSpecificity, type Hostname, intersection, overlaps, widerThan } from './hostnames.ts';
import { ANY_REQUEST } from './matches.ts';
import { type Candidate, comparePrecedence, compareStrings } from './precedence.ts';
import { type RouteId, routeId } from './route-id.ts';
import type { ListenerTopology, PortTopology, RouteEntry, RouteTopology, RuleTopology } from './topology.ts';

/** A port as its requests see it. */
export interface PortView {
  readonly port: PortTopology;
  /** The most specific listener first; of equally specific ones no request fits two. */
  readonly listeners: readonly ListenerTopology[];
  readonly hostnames: ReadonlySet<Hostname>;
  /** Of each of these, what covers it, itself included: thousands of listeners are looked through again and again. */
  readonly wider: ReadonlyMap<Hostname, readonly Hostname[]>;
  /** The listeners that a route is attached to. */
  readonly attached: ReadonlyMap<RouteId, readonly ListenerTopology[]>;
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
  const hostnames = new Set(listeners.map(({ hostname }) => hostname));
  const wider = new Map([...hostnames].map((each) => [each, widerThan(each)]));
  return { port, listeners, hostnames, wider, attached };
}

/** All entries of a port. */
export function portEntries(port: PortTopology, routes: readonly RouteTopology[]): readonly RouteEntry[] {
  const view = viewOf(port);
  const ranked = routes.flatMap((route) => route.rules.flatMap((rule) => ruleEntries(view, route, rule)));
  return inOrder(view, ranked);
}

/** The entries of one rule, in no order. */
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
 * The route's hostnames that overlap with the listener's, each with what both match. Where several come down to the same,
 * the most specific one stands for them. A host that a more specific listener of the port has whole can't reach this one.
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

/** Whether a listener that is more specific than `own` has all of the host. */
function isTaken(hostname: Hostname, own: Hostname, listeners: ReadonlySet<Hostname>): boolean {
  for (const wider of widerThan(hostname)) {
    if (wider === own) return false;
    if (listeners.has(wider)) return true;
  }
  return false;
}

/**
 * A request belongs to the most specific listener that its host fits, and only that one's routes may answer it, though the
 * data plane sees one list for the whole port: the first entry that matches a request answers it. Entries of kind `isolate`
 * answer 404 where a request belongs to a listener that has no route for it.
 * @param ranked of any of the port's listeners
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

/** What comes after a listener's entries: of every hostname, how soon it is answered, and by what. */
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
   * What would answer first, of all that takes all of a host: what takes a part of it only is of a listener that is more
   * specific.
   * @param wider what covers the host
   * @returns undefined for nothing
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
 * A 404 for the listener's hosts, where without it an entry of a less specific listener would answer: also after entries that
 * take all of them, for a data plane may have to leave these out.
 */
export const isolation = ({ name, hostname }: IsolatedListener): RouteEntry => ({
  listener: name,
  ...(hostname !== undefined && { hostname }),
  match: ANY_REQUEST,
  source: { kind: 'isolate' },
  action: { kind: 'respond', statusCode: 404 },
});
