// Rules that can never answer, because earlier rules take all their requests. For example, two teams use the same host and path.

import { portEntries } from './entries.ts';
import { covers } from './hostnames.ts';
import type { RuleRef } from './problem-place.ts';
import { routeId } from './route-id.ts';
import type { RequestMatch, RouteEntry, Topology, ValueMatch } from './topology.ts';

export interface Shadowed extends RuleRef {
  /** The rules that answer instead, each once. */
  readonly by: readonly RuleRef[];
}

/**
 * A rule is shadowed if, on every port and for every host, one earlier entry takes all requests of each match. Two entries that
 * only together take all of them are not searched for.
 * @param served the rules that the data plane has. Entries are made for these only
 */
export function shadowedRules({ ports, routes }: Topology, served: readonly RuleRef[]): readonly Shadowed[] {
  const names = new Set(served.map(nameOf));
  const considered = routes.map((each) => ({
    ...each,
    rules: each.rules.filter(({ rule }) => names.has(nameOf({ route: each.route, rule }))),
  }));
  const found = new Map<string, Found>();
  for (const port of ports) {
    const entries = portEntries(port, considered);
    for (const [index, entry] of entries.entries())
      if (entry.source.kind === 'rule') note(found, entry.source, entries, index);
  }
  return [...found.values()]
    .filter(({ answers, by }) => !answers && by.size > 0)
    .map(({ rule, by }) => ({ ...rule, by: [...by.values()] }));
}

interface Found {
  readonly rule: RuleRef;
  readonly by: Map<string, RuleRef>;
  answers: boolean;
}

function note(
  found: Map<string, Found>,
  { route, rule }: RuleRef,
  entries: readonly RouteEntry[],
  index: number,
): void {
  const name = nameOf({ route, rule });
  const own = found.get(name) ?? { rule: { route, rule }, by: new Map<string, RuleRef>(), answers: false };
  found.set(name, own);
  const taker = takerOf(entries, index)?.source;
  if (taker === undefined) own.answers = true;
  // A rule with the same match twice shadows itself. Only its first entry counts.
  else if (taker.kind === 'rule' && nameOf(taker) !== name)
    own.by.set(nameOf(taker), { route: taker.route, rule: taker.rule });
}

function takerOf(entries: readonly RouteEntry[], index: number): RouteEntry | undefined {
  const entry = entries[index];
  if (entry === undefined) return undefined;
  return entries.find((other, place) => place < index && takes(other, entry));
}

const nameOf = ({ route, rule }: RuleRef): string => `${routeId(route)} ${rule}`;

/** Whether every request that `inner` matches is matched by `outer`. */
const takes = (outer: Pick<RouteEntry, 'hostname' | 'match'>, inner: Pick<RouteEntry, 'hostname' | 'match'>): boolean =>
  covers(outer.hostname, inner.hostname) &&
  (outer.match.grpc === undefined || inner.match.grpc !== undefined) &&
  takesPath(outer.match, inner.match) &&
  (outer.match.method === undefined || outer.match.method === inner.match.method) &&
  isPartOf(outer.match.headers, inner.match.headers) &&
  isPartOf(outer.match.queryParams, inner.match.queryParams);

function takesPath({ path: outer }: RequestMatch, { path: inner }: RequestMatch): boolean {
  if (outer.type !== 'PathPrefix') return outer.type === inner.type && outer.value === inner.value;
  if (outer.value === '/') return true;
  if (inner.type === 'RegularExpression') return false;
  return inner.value === outer.value || inner.value.startsWith(`${outer.value}/`);
}

/** Whether all conditions of `outer` are also in `inner`: fewer conditions match more requests. */
const isPartOf = (outer: readonly ValueMatch[], inner: readonly ValueMatch[]): boolean =>
  outer.every(({ type, name, value }) =>
    inner.some((each) => each.name === name && each.type === type && each.value === value),
  );
