// What routes take in Envoy's tables, before they are made.

import type { BackendService } from '../../gateway/backend-service.ts';
import { isOfConnections } from '../../gateway/connection-route.ts';
import { remembered } from '../../gateway/remembered.ts';
import type { Cors, RouteAction } from '../../gateway/route-action.ts';
import { routeId } from '../../gateway/route-id.ts';
import type { RequestMatch, RouteTopology } from '../../gateway/topology.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { needsPreflight, originRegex } from './cors.ts';
import { TLS_CLUSTERS } from './edge.ts';
import { sharesOf } from './shares.ts';
import { servicesOf, upstreamsOf } from './upstreams.ts';

export interface Amount {
  readonly entries: number;
  /** The characters of regular expressions, and 50 more for each. */
  readonly regexes: number;
  /** Of the filters and backends in entries, about. */
  readonly bytes: number;
  /** One that speaks TLS counts as several, for each BackendTLSPolicy. */
  readonly clusters: number;
}

export const NOTHING: Amount = { entries: 0, regexes: 0, bytes: 0, clusters: 0 };

/** Even the shortest expression takes some KB in Envoy. */
const EACH = 50;

const units = ['entries', 'regexes', 'bytes', 'clusters'] as const;

const ofEach = (size: (unit: keyof Amount) => number): Amount => ({
  entries: size('entries'),
  regexes: size('regexes'),
  bytes: size('bytes'),
  clusters: size('clusters'),
});

export const plus = (a: Amount, b: Amount): Amount => ofEach((unit) => a[unit] + b[unit]);

export const times = (amount: Amount, count: number): Amount => ofEach((unit) => amount[unit] * count);

/** What there is too much of. Undefined if nothing is. */
export const excess = (amount: Amount, limits: Amount): keyof Amount | undefined =>
  units.find((unit) => amount[unit] > limits[unit]);

/** Its entries for one hostname. */
export const amountOf = ({ route, rules }: RouteTopology): Amount =>
  rules
    .map(({ matches, action }) => {
      const shares = sharesOf(action, route);
      const inMatches = sum(matches.flatMap((match) => regexesOf(match).map(({ regex }) => sizeOf(regex))));
      const inActions = sum(shares.map((share) => sizeOfCors(corsOf(share.action))));
      const preflights = matches.filter((match) => needsPreflight(match, action)).length;
      return {
        ...NOTHING,
        entries: matches.length * shares.length + preflights,
        regexes: inMatches * shares.length + inActions * matches.length,
        bytes: sum(shares.map((share) => lengthOf(share.action))) * matches.length + lengthOf(matches) * shares.length,
      };
    })
    .reduce(plus, NOTHING);

const lengthOf = (value: unknown): number => JSON.stringify(value).length;

/** Its clusters, which all hostnames share. */
export const clustersOf = remembered((route: RouteTopology): Amount => {
  // A listener may pass the TLS of connections through.
  const upstreams = upstreamsOf([route], new Set(isOfConnections(route.route) ? [routeId(route.route)] : []));
  const policies = [...upstreams.values()].map((upstream) => new Set(servicesOf(upstream).flatMap(policyOf)).size);
  return { ...NOTHING, clusters: upstreams.size + sum(policies) * (TLS_CLUSTERS - 1) };
});

const policyOf = ({ tls }: BackendService): ObjectKey | [] => tls?.policy ?? [];

/** The regular expressions of a match, with their fields below it. */
export function regexesOf({ path, headers, queryParams, grpc }: RequestMatch) {
  const written = [
    { ...path, field: grpc === undefined ? 'path.value' : 'method' },
    ...headers.map((header, n) => ({ ...header, field: `headers[${n}].value` })),
    ...queryParams.map((query, n) => ({ ...query, field: `queryParams[${n}].value` })),
  ];
  return written
    .filter(({ type }) => type === 'RegularExpression')
    .map(({ field, value }) => ({ field, regex: value }));
}

const corsOf = (action: RouteAction): Cors | undefined => (action.kind === 'forward' ? action.cors : undefined);

const sizeOfCors = (cors: Cors | undefined): number =>
  sum((cors?.origins ?? []).flatMap((origin) => originRegex(origin) ?? []).map(sizeOf));

const sizeOf = (regex: string): number => regex.length + EACH;

const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0);
