// Which of two matches wins if both match a request: a total order of all matches of a listener.

import { compareSpecificity, type Hostname } from './hostnames.ts';
import type { RouteRef } from './problem-place.ts';
import type { GrpcMethod, RequestMatch } from './topology.ts';

/** What the order compares. Two candidates with the same route, rule, match and hostname are the same candidate. */
export interface Candidate {
  /** The route's own hostname, not its intersection with the listener's. */
  readonly routeHostname: Hostname;
  readonly match: RequestMatch;
  /** RFC 3339 in UTC, as Kubernetes writes it. Undefined for an object from a file, which counts as the oldest. */
  readonly creationTimestamp: string | undefined;
  readonly route: RouteRef;
  readonly ruleIndex: number;
  readonly matchIndex: number;
}

/** Negative if `a` wins. */
export function comparePrecedence(a: Candidate, b: Candidate): number {
  return (
    compareSpecificity(a.routeHostname, b.routeHostname) ||
    compareMatches(a.match, b.match) ||
    compareStrings(a.creationTimestamp ?? '', b.creationTimestamp ?? '') ||
    compareRoutes(a.route, b.route) ||
    a.ruleIndex - b.ruleIndex ||
    a.matchIndex - b.matchIndex ||
    compareStrings(a.routeHostname ?? '', b.routeHostname ?? '')
  );
}

/** Negative if `a` is more specific. A match of gRPC requests is more specific than a match of any requests. */
export function compareMatches(a: RequestMatch, b: RequestMatch): number {
  if (a.grpc !== undefined && b.grpc !== undefined) {
    return compareGrpcMethods(a.grpc, b.grpc) || b.headers.length - a.headers.length;
  }
  return (
    Number(b.grpc !== undefined) - Number(a.grpc !== undefined) ||
    comparePaths(a, b) ||
    Number(b.method !== undefined) - Number(a.method !== undefined) ||
    b.headers.length - a.headers.length ||
    b.queryParams.length - a.queryParams.length
  );
}

/** The Gateway API does not define where regular expressions come. After a catch-all prefix they would never match. */
const pathRanks = { Exact: 0, RegularExpression: 1, PathPrefix: 2 } as const;

function comparePaths({ path: a }: RequestMatch, { path: b }: RequestMatch): number {
  return pathRanks[a.type] - pathRanks[b.type] || b.value.length - a.value.length;
}

/** GRPCRoute: the longest service first, then the longest method. It does not define where regular expressions come. */
function compareGrpcMethods(a: GrpcMethod, b: GrpcMethod): number {
  return (
    nameRank(a.type, a.service) - nameRank(b.type, b.service) ||
    (b.service?.length ?? 0) - (a.service?.length ?? 0) ||
    nameRank(a.type, a.method) - nameRank(b.type, b.method) ||
    (b.method?.length ?? 0) - (a.method?.length ?? 0)
  );
}

const nameRank = (type: GrpcMethod['type'], name: string | undefined): number =>
  name === undefined ? 2 : Number(type === 'RegularExpression');

/** Gateway API: alphabetically by namespace and name. It does not define which kind comes first. */
export const compareRoutes = (a: RouteRef, b: RouteRef): number =>
  compareStrings(a.key, b.key) || compareStrings(b.kind, a.kind);

/** Compares code units, so the result does not depend on the locale. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
