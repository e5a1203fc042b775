// The rules of a port, in the order and packing that AWS has now, with new rules between them.
import type { PlannedRule } from './express-entries.ts';
import { areDisjoint, packRules } from './packing.ts';

interface Placed {
  readonly rules: readonly PlannedRule[];
  /** The rules before they were packed. */
  readonly members: readonly PlannedRule[];
}

/** @param rules in order of precedence. @returns undefined if precedence allows no place for a new rule */
export function asTheyStand(rules: readonly PlannedRule[]): readonly PlannedRule[] | undefined {
  const standing = Map.groupBy(rules, ({ standsAt }) => standsAt);
  const placed: Placed[] = [...standing]
    .flatMap(([priority, members]) => (priority === undefined ? [] : [{ priority, members }]))
    .toSorted((a, b) => a.priority - b.priority)
    .map(({ members }) => ({ rules: packRules(members), members }));
  const order = new Map(rules.map((rule, index) => [rule, index]));
  for (const rule of standing.get(undefined) ?? []) {
    const isBefore = (other: PlannedRule) => (order.get(other) ?? 0) < (order.get(rule) ?? 0);
    const meets = (other: PlannedRule) => !areDisjoint(other.match, rule.match);
    const after = placed.findLastIndex(({ members }) => members.some((each) => isBefore(each) && meets(each)));
    const found = placed.findIndex(({ members }) => members.some((each) => !isBefore(each) && meets(each)));
    const before = found === -1 ? placed.length : found;
    if (after >= before) return undefined;
    placed.splice(before, 0, { rules: [rule], members: [rule] });
  }
  return placed.flatMap((each) => each.rules);
}
