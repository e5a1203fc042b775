// The packed rules of one port: the chosen rules in order of precedence, and the 404 rules that isolate its listeners.
import { inOrder, type PortView } from '../../gateway/entries.ts';
import { type Hostname, widerThan } from '../../gateway/hostnames.ts';
import { finish, type Steps } from '../../gateway/steps.ts';
import { asTheyStand } from './as-they-stand.ts';
import type { ModelContext } from './context.ts';
import { expressEntry, type PlannedRule, type RankedRule } from './express-entries.ts';
import { areDisjoint, packRules } from './packing.ts';
import { atomText } from './shares.ts';

export interface PortPacking {
  readonly context: ModelContext;
  readonly view: PortView;
  /** Whether there is room for the rule that isolates this listener. */
  readonly isolates: (listener: string) => boolean;
}

/** @param chosen the chosen rules of this port, in any order */
export function packPort(packing: PortPacking, chosen: readonly RankedRule[]): readonly PlannedRule[] {
  return packRules(withoutIdle(behindOthers(orderedRules(packing, chosen))));
}

/**
 * Used if packing gives more rules than fit. The rules in AWS show a packing that fits, and new rules are put between them.
 */
export const packTightly = (packing: PortPacking, chosen: readonly RankedRule[]): readonly PlannedRule[] =>
  packOrderedTightly(orderedRules(packing, chosen));

export function packOrderedTightly(ordered: readonly PlannedRule[]): readonly PlannedRule[] {
  const rules = withoutIdle(behindOthers(ordered));
  const packed = shortestPacking(rules);
  const heard = withoutUnheard(rules);
  return heard.length < rules.length ? shortest([packed, shortestPacking(heard)]) : packed;
}

function shortestPacking(rules: readonly PlannedRule[]): readonly PlannedRule[] {
  const packed = packRules(rules);
  if (!rules.some(({ standsAt }) => standsAt !== undefined)) return packed;
  return shortest([packed, packRules(asTheyStand(rules) ?? rules)]);
}

/** The first of the shortest. */
const shortest = (packings: readonly (readonly PlannedRule[])[]): readonly PlannedRule[] =>
  packings.reduce((best, packing) => (packing.length < best.length ? packing : best));

/**
 * A rule that another route's rule repeats, and that has a different rule between them. It answers nothing, and packing cannot join
 * the two.
 */
function withoutUnheard(rules: readonly PlannedRule[]): readonly PlannedRule[] {
  const earlier = new Map<string, number>();
  return rules.filter(({ behaviour, match }, index) => {
    const id = `${behaviour} ${atomText(match)}`;
    const first = earlier.get(id);
    if (first === undefined) {
      earlier.set(id, index);
      return true;
    }
    return !rules
      .slice(first + 1, index)
      .some((between) => between.behaviour !== behaviour && !areDisjoint(between.match, match));
  });
}

/** The rules before they are packed. */
const orderedRules = (packing: PortPacking, chosen: readonly RankedRule[]): readonly PlannedRule[] =>
  finish(orderingRules(packing, chosen));

export function* orderingRules(
  { context, view, isolates }: PortPacking,
  chosen: readonly RankedRule[],
): Steps<readonly PlannedRule[]> {
  const byEntry = new Map(chosen.map(({ planned }) => [planned.entry, planned]));
  const ranked = chosen.map(({ planned, candidate }) => ({ entry: planned.entry, candidate }));
  const ordered: PlannedRule[] = [];
  for (const entry of inOrder(view, ranked)) {
    const isWanted = entry.source.kind === 'rule' || isolates(entry.listener);
    // An isolating entry can fail only because of its listener's hostname, which is reported there.
    const planned = isWanted ? (byEntry.get(entry) ?? expressEntry(context, view, entry).planned) : undefined;
    if (planned !== undefined) ordered.push(planned);
    yield;
  }
  return ordered;
}

/**
 * The kept rules of a changed route stay behind the rules that are before them in AWS. So they never answer requests that another
 * route's rule answers now.
 */
function behindOthers(rules: readonly PlannedRule[]): readonly PlannedRule[] {
  const result = [...rules];
  // From the last to the first, so that rules behind the same rule keep their order.
  for (const kept of rules.toReversed()) {
    const { keptFrom } = kept;
    if (keptFrom === undefined) continue;
    const from = result.indexOf(kept);
    const last = result.findLastIndex(
      ({ standsAt, match }, index) =>
        index > from && standsAt !== undefined && standsAt < keptFrom.priority && !areDisjoint(match, kept.match),
    );
    if (last === -1) continue;
    result.splice(from, 1);
    result.splice(last, 0, kept);
  }
  return result;
}

/** A listener with a rule for all requests needs no isolation, if that rule is still there. */
function withoutIdle(rules: readonly PlannedRule[]): readonly PlannedRule[] {
  const whole = new Set<Hostname>();
  return rules.filter(({ entry, match }) => {
    if (entry.source.kind === 'isolate') return !widerThan(entry.hostname).some((hostname) => whole.has(hostname));
    if (match.paths.length + match.methods.length + match.others.length === 0) whole.add(entry.hostname);
    return true;
  });
}
