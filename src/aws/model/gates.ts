// Which rules of a route an ALB has without a gate that it cannot have.
import { isBehind, isGate, type PlacedMatch, takesOver } from '../../gateway/gates.ts';
import { overlaps } from '../../gateway/hostnames.ts';
import type { RouteEntry } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import { type ExpressedSource, partlyLeftOut, type RankedRule, type SourceRule } from './express-entries.ts';

/** In the order of the route, except that gates come before the rules behind them. */
export const gatesFirst = (sources: readonly SourceRule[]): readonly SourceRule[] => [
  ...sources.filter(({ rule }) => isGate(rule)),
  ...sources.filter(({ rule }) => !isGate(rule)),
];

/** A rule that is left out because its gate is left out. */
export interface Exposed {
  readonly source: SourceRule;
  readonly gate: SourceRule;
}

/** @param out the route's rules that are left out. @param others the route's other rules */
export function exposedBy(out: readonly SourceRule[], others: readonly SourceRule[]): readonly Exposed[] {
  const exposed = new Map<SourceRule, SourceRule>();
  const gates = [...out];
  for (const gate of gates) {
    for (const source of others) {
      if (exposed.has(source) || !isBehind(gate.rule, source.rule)) continue;
      exposed.set(source, gate);
      gates.push(source);
    }
  }
  return [...exposed].map(([source, gate]) => ({ source, gate }));
}

/**
 * The rules of a route that remain without the gates that cannot be expressed. If a gate is missing only on one port or for one host,
 * other rules are left out only there.
 */
export function closeGates(sources: readonly ExpressedSource[]): readonly ExpressedSource[] {
  let current = sources;
  for (;;) {
    const next = current.map((each) => closed(each, current));
    if (next.every((each, index) => each === current[index])) return next;
    current = next;
  }
}

function closed(own: ExpressedSource, all: readonly ExpressedSource[]): ExpressedSource {
  let { rules } = own;
  const problems: Problem[] = [];
  const left: RankedRule[] = [];
  for (const { source, missing } of all) {
    if (missing.length === 0 || rules.length === 0 || !isBehind(source.rule, own.source.rule)) continue;
    const exposed = rules.filter((each) => missing.some((entry) => exposes(entry, each, source, own.source)));
    if (exposed.length === 0) continue;
    rules = rules.filter((each) => !exposed.includes(each));
    left.push(...exposed);
    problems.push(...leftOut(own.source, source, exposed, rules.length === 0));
  }
  if (left.length === 0) return own;
  const missing = left.map(({ planned }) => ({ port: planned.port, entry: planned.entry }));
  return { ...own, rules, missing: [...own.missing, ...missing], problems: [...own.problems, ...problems] };
}

function exposes(
  missing: { readonly port: number; readonly entry: RouteEntry },
  { planned }: RankedRule,
  gate: SourceRule,
  wider: SourceRule,
): boolean {
  if (missing.port !== planned.port || !overlaps(missing.entry.hostname, planned.entry.hostname)) return false;
  return takesOver(placed(gate.rule.rule, missing.entry), placed(wider.rule.rule, planned.entry));
}

const placed = (rule: number, { match, source }: RouteEntry): PlacedMatch => ({
  rule,
  match,
  index: source.kind === 'rule' ? source.match : 0,
});

function leftOut(
  { place }: SourceRule,
  gate: SourceRule,
  exposed: readonly RankedRule[],
  wholly: boolean,
): readonly Problem[] {
  const cause = gateMissing(place, gate);
  if (wholly) return [cause];
  const parts = new Map(
    exposed.map(({ planned: { port, entry } }) => [
      `${port} ${entry.hostname ?? ''}`,
      partlyLeftOut(cause, port, entry.hostname),
    ]),
  );
  return [...parts.values()];
}

export const gateMissing = (place: SourceRule['place'], gate: SourceRule) =>
  ({ ...place, kind: 'gate-missing', field: 'matches', gate: gate.place.rule }) as const;
