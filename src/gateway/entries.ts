// From listeners and the routes attached to them to what one port does, entry by entry, in order of precedence.
import type { HttpRoute } from '../api/gateway-api.ts';
import { objectKey } from '../kube/object.ts';
import { routeHostnames, routeRef } from './attachment.ts';
import { compareSpecificity, covers, intersection, overlaps } from './hostnames.ts';
import type { ResolvedListener } from './listeners.ts';
import { type Candidate, comparePrecedence, compareStrings } from './precedence.ts';
import type { ResolvedRule } from './rules.ts';
import type { RouteEntry } from './topology.ts';

export interface AttachedRoute {
  readonly route: HttpRoute;
  readonly rules: readonly ResolvedRule[];
  /** The names of the listeners that it is attached to. */
  readonly listeners: ReadonlySet<string>;
}

/** The most specific listener first; of equally specific ones no request fits two. */
export const byHostname = (a: ResolvedListener, b: ResolvedListener): number =>
  compareSpecificity(a.hostname, b.hostname) || compareStrings(a.hostname ?? '', b.hostname ?? '');

/**
 * A request belongs to the most specific listener that its host fits, and only that one's routes may answer it, though the
 * data plane sees one list for the whole port.
 * @param listeners those that share the port, sorted `byHostname`
 */
export function portEntries(
  listeners: readonly ResolvedListener[],
  routes: readonly AttachedRoute[],
): readonly RouteEntry[] {
  const groups = listeners.map((listener, index) => {
    const moreSpecific = listeners.slice(0, index);
    // A host that a more specific listener has whole can't reach this one.
    return listenerEntries(listener, routes).filter(
      ({ hostname }) => !moreSpecific.some((other) => covers(other.hostname, hostname)),
    );
  });
  return listeners.reduceRight<readonly RouteEntry[]>((following, listener, index) => {
    const own = groups[index] ?? [];
    return [...own, ...isolation(listener, following), ...following];
  }, []);
}

function listenerEntries(listener: ResolvedListener, routes: readonly AttachedRoute[]): readonly RouteEntry[] {
  return routes
    .filter(({ listeners }) => listeners.has(listener.name))
    .flatMap((attached) => routeEntries(listener, attached))
    .toSorted((a, b) => comparePrecedence(a.candidate, b.candidate))
    .map(({ entry }) => entry);
}

interface RankedEntry {
  readonly candidate: Candidate;
  readonly entry: RouteEntry;
}

function routeEntries(listener: ResolvedListener, { route, rules }: AttachedRoute): readonly RankedEntry[] {
  const creationTimestamp = route.metadata.creationTimestamp;
  const key = objectKey(route.metadata);
  return matchedHostnames(listener, route).flatMap(([routeHostname, hostname]) =>
    rules.flatMap(({ rule, name, matches }) =>
      matches.map(({ match, action }, matchIndex) => ({
        candidate: { routeHostname, match, creationTimestamp, route: key, ruleIndex: rule, matchIndex },
        entry: {
          listener: listener.name,
          ...(hostname !== undefined && { hostname }),
          match,
          source: {
            kind: 'rule' as const,
            route: routeRef(route),
            rule,
            ...(name !== undefined && { ruleName: name }),
            match: matchIndex,
            ...(creationTimestamp !== undefined && { created: creationTimestamp }),
          },
          action,
        },
      })),
    ),
  );
}

type HostnamePair = readonly [routeHostname: string | undefined, hostname: string | undefined];

/**
 * The route's hostnames that overlap with the listener's, each with what both match. Where several come down to the same,
 * the most specific one stands for them.
 */
function matchedHostnames(listener: ResolvedListener, route: HttpRoute): readonly HostnamePair[] {
  const byIntersection = new Map<string | undefined, string | undefined>();
  for (const hostname of routeHostnames(route).toSorted(compareSpecificity)) {
    if (!overlaps(listener.hostname, hostname)) continue;
    const both = intersection(listener.hostname, hostname);
    if (!byIntersection.has(both)) byIntersection.set(both, hostname);
  }
  return [...byIntersection].map(([both, hostname]) => [hostname, both]);
}

/**
 * A 404 for the listener's hosts, where without it an entry of a less specific listener would answer: also after entries that
 * take all of them, for a data plane may have to leave these out.
 */
function isolation(listener: ResolvedListener, following: readonly RouteEntry[]): readonly RouteEntry[] {
  const { name, hostname } = listener;
  for (const entry of following) {
    if (entry.source.kind === 'isolate' && covers(entry.hostname, hostname)) return [];
    if (entry.source.kind === 'rule' && overlaps(entry.hostname, hostname)) {
      return [
        {
          listener: name,
          ...(hostname !== undefined && { hostname }),
          match: { path: { type: 'PathPrefix', value: '/' } },
          source: { kind: 'isolate' },
          action: { kind: 'respond', statusCode: 404 },
        },
      ];
    }
  }
  return [];
}
