// What routes take in Envoy's tables, before they are made.
import type { Cors, RequestMatch, RouteAction, RouteTopology } from '../../gateway/topology.ts';
import { needsPreflight, originRegex } from './cors.ts';
import { sharesOf } from './shares.ts';

export interface Amount {
  readonly entries: number;
  /** The characters of regular expressions, and 50 more for each. */
  readonly regexes: number;
}

export const NOTHING: Amount = { entries: 0, regexes: 0 };

/** Even the shortest expression takes some KB in Envoy. */
const EACH = 50;

export const plus = (a: Amount, b: Amount): Amount => ({
  entries: a.entries + b.entries,
  regexes: a.regexes + b.regexes,
});

export const times = ({ entries, regexes }: Amount, count: number): Amount => ({
  entries: entries * count,
  regexes: regexes * count,
});

/** What there is too much of. Undefined if nothing is. */
export function excess(amount: Amount, limits: Amount): keyof Amount | undefined {
  if (amount.entries > limits.entries) return 'entries';
  return amount.regexes > limits.regexes ? 'regexes' : undefined;
}

/** For one hostname. */
export const amountOf = ({ route, rules }: RouteTopology): Amount =>
  rules
    .map(({ matches, action }) => {
      const shares = sharesOf(action, route);
      const inMatches = sum(matches.flatMap((match) => regexesOf(match).map(({ regex }) => sizeOf(regex))));
      const inActions = sum(shares.map((share) => sizeOfCors(corsOf(share.action))));
      return {
        entries: matches.length * shares.length + matches.filter((match) => needsPreflight(match, action)).length,
        regexes: inMatches * shares.length + inActions * matches.length,
      };
    })
    .reduce(plus, NOTHING);

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
