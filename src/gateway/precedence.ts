// Which of two matches wins where both match a request: a total order over everything that is attached to a listener.
import type { HttpRouteMatch } from '../api/gateway-api.ts';
import type { ObjectKey } from '../kube/object.ts';
import { compareSpecificity, type Hostname } from './hostnames.ts';

/** What the order looks at. Two candidates with the same route, rule, match and hostname are the same candidate. */
export interface Candidate {
  /** The route's own hostname, not its intersection with the listener's: the original decides. */
  readonly routeHostname: Hostname;
  readonly match: HttpRouteMatch;
  /** RFC 3339 in UTC, as Kubernetes writes it; undefined, and older than all, for an object that no server has seen. */
  readonly creationTimestamp: string | undefined;
  readonly route: ObjectKey;
  readonly ruleIndex: number;
  readonly matchIndex: number;
}

/** Negative when `a` wins. */
export function comparePrecedence(a: Candidate, b: Candidate): number {
  return (
    compareSpecificity(a.routeHostname, b.routeHostname) ||
    compareMatches(a.match, b.match) ||
    compareStrings(a.creationTimestamp ?? '', b.creationTimestamp ?? '') ||
    compareStrings(a.route, b.route) ||
    a.ruleIndex - b.ruleIndex ||
    a.matchIndex - b.matchIndex ||
    compareStrings(a.routeHostname ?? '', b.routeHostname ?? '')
  );
}

/** Negative when `a` is the more specific. */
export function compareMatches(a: HttpRouteMatch, b: HttpRouteMatch): number {
  return (
    comparePaths(a, b) ||
    Number(b.method !== undefined) - Number(a.method !== undefined) ||
    (b.headers?.length ?? 0) - (a.headers?.length ?? 0) ||
    (b.queryParams?.length ?? 0) - (a.queryParams?.length ?? 0)
  );
}

/** The Gateway API leaves the place of regular expressions open: after a catch-all prefix they would never be reached. */
const pathRanks = { Exact: 0, RegularExpression: 1, PathPrefix: 2 } as const;

const pathRank = (type: keyof typeof pathRanks = 'PathPrefix'): number => pathRanks[type];

function comparePaths({ path: a }: HttpRouteMatch, { path: b }: HttpRouteMatch): number {
  return pathRank(a?.type) - pathRank(b?.type) || (b?.value ?? '/').length - (a?.value ?? '/').length;
}

/** By code unit: the same everywhere, whatever the locale. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
