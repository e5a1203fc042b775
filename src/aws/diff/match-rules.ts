// Finds the existing rule that becomes each desired rule.
import { hash } from '../model/hash.ts';
import type { ListenerResource, RuleResource } from '../model/resources.ts';
import { type OwnedRule, TAG } from '../observed.ts';
import type { Draft } from './draft.ts';
import { meet, type Order } from './order.ts';
import { longestIncreasing } from './priorities.ts';
import { pointsWhereDesired, warmUp } from './traffic.ts';

export interface ListenerRules {
  readonly listener: ListenerResource;
  /** In order of precedence. */
  readonly desired: readonly RuleResource[];
  /** By priority. */
  readonly present: readonly OwnedRule[];
  /** How many more rules the load balancer may have. */
  readonly room: number;
}

export interface PlacedRule {
  readonly desired: RuleResource;
  /** Undefined for a rule to be created. */
  readonly existing: OwnedRule | undefined;
  readonly changes: boolean;
}

export interface MatchedRules {
  /** In order of precedence, without rules that have to wait. */
  readonly placed: readonly PlacedRule[];
  /** The rules to be deleted. */
  readonly old: readonly OwnedRule[];
  /** Rules that still serve until the target groups of their successor are healthy. */
  readonly held: readonly OwnedRule[];
}

export function matchRules(draft: Draft, { desired, present, room }: ListenerRules): MatchedRules {
  const same = withoutMoves(desired, present, room, matchContent(desired, present));
  const claimed = new Set(same.values());
  const old = new Set(present.filter((rule) => !claimed.has(rule)));
  const waiting = new Set<RuleResource>();
  const held: OwnedRule[] = [];
  for (const rule of desired) {
    const predecessor = same.has(rule) ? undefined : [...old].find(({ id }) => id === rule.id);
    if (predecessor === undefined || !warmUp(draft, { desired: rule, owned: predecessor })) continue;
    waiting.add(rule);
    old.delete(predecessor);
    held.push(predecessor);
  }
  const order = desired.filter((rule) => !waiting.has(rule));
  const inPlace = changeInPlace(draft.order, { order, same, old: [...old], room });
  for (const existing of inPlace.values()) old.delete(existing);
  const placed = order.map((rule) => {
    const kept = same.get(rule);
    if (kept === undefined) return { desired: rule, existing: inPlace.get(rule), changes: inPlace.has(rule) };
    const forwarding = { desired: rule, owned: kept };
    const changes = !pointsWhereDesired(draft.existing, forwarding) && !warmUp(draft, forwarding);
    return { desired: rule, existing: kept, changes };
  });
  // An old rule may answer the requests of a rule that waits, so it stays until then.
  const stays = (each: OwnedRule): boolean =>
    [...waiting].some((rule) => draft.order.waits(draft.order.ofExisting(each), draft.order.ofDesired(rule)));
  const goes = [...old].filter((each) => !stays(each));
  return { placed, old: goes, held: [...held, ...old.difference(new Set(goes))] };
}

type Match = ReadonlyMap<RuleResource, OwnedRule>;

/** By content. If several have the same content, the one with the same id. */
function matchContent(desired: readonly RuleResource[], present: readonly OwnedRule[]): Match {
  const match = new Map<RuleResource, OwnedRule>();
  const free = new Set(present);
  const claim = (rule: RuleResource, found: OwnedRule | undefined) => {
    if (found === undefined) return;
    match.set(rule, found);
    free.delete(found);
  };
  const bySpec = Map.groupBy(present, ({ tags }) => tags[TAG.spec]);
  const same = new Map(desired.map((rule) => [rule, bySpec.get(rule.stands ?? hash(rule.spec)) ?? []]));
  for (const [rule, found] of same)
    claim(
      rule,
      found.find((each) => each.id === rule.id && free.has(each)),
    );
  for (const [rule, found] of same)
    if (!match.has(rule))
      claim(
        rule,
        found.find((each) => free.has(each)),
      );
  return match;
}

/**
 * Moves alone are one call, which AWS applies atomically. Together with other changes, a moving rule could answer requests
 * that it answers neither before nor after. So, if there is room, a new rule is created in the new place.
 */
function withoutMoves(
  desired: readonly RuleResource[],
  present: readonly OwnedRule[],
  room: number,
  same: Match,
): Match {
  if (same.size === desired.length && same.size === present.length) return same;
  const stay = longestIncreasing(desired.map((rule) => same.get(rule)?.priority));
  if (desired.length - stay.size > room) return same;
  return new Map([...same].filter(([rule]) => stay.has(desired.indexOf(rule))));
}

interface Changing {
  readonly order: readonly RuleResource[];
  readonly same: Match;
  readonly old: readonly OwnedRule[];
  readonly room: number;
}

/**
 * A rule is changed in place by one call if it keeps its place and shares no requests with another changing rule. If several
 * rules share requests, a rule could begin to match requests before another rule stops. So new rules are created beside the
 * old ones while the load balancer's quota has room. Without room, old rules are changed in place.
 */
function changeInPlace(rules: Order, { order, same, old, room }: Changing): Match {
  const fresh = order.filter((rule) => !same.has(rule));
  const match = new Map(inTheirPlace(rules, { order, same, old }, fresh));
  const free = new Set(old).difference(new Set(match.values()));
  const fits = () => fresh.length - match.size <= room;
  const take = (each: RuleResource, found: OwnedRule | undefined) => {
    if (fits() || found === undefined) return;
    match.set(each, found);
    free.delete(found);
  };
  for (const each of fresh)
    if (!match.has(each))
      take(
        each,
        [...free].find(({ id }) => id === each.id),
      );
  for (const each of fresh) {
    if (match.has(each) || fits()) continue;
    // A rule that is already in the right place is not moved.
    const [low, high] = neighbours(order, each, (rule) => (same.get(rule) ?? match.get(rule))?.priority);
    take(each, [...free].find(({ priority }) => low < priority && priority < high) ?? [...free][0]);
  }
  return match;
}

/** The priorities of the nearest rules before and after which have a priority. */
function neighbours(
  order: readonly RuleResource[],
  rule: RuleResource,
  numberOf: (rule: RuleResource) => number | undefined,
): readonly [number, number] {
  const place = order.indexOf(rule);
  const numbers = (some: readonly RuleResource[]) => some.flatMap((each) => numberOf(each) ?? []);
  return [
    Math.max(0, ...numbers(order.slice(0, place))),
    Math.min(Number.POSITIVE_INFINITY, ...numbers(order.slice(place))),
  ];
}

function inTheirPlace(
  rules: Order,
  { order, same, old }: Omit<Changing, 'room'>,
  fresh: readonly RuleResource[],
): Match {
  const byId = Map.groupBy(old, ({ id }) => id);
  const changing = [...fresh.map((rule) => rules.ofDesired(rule)), ...old.map((rule) => rules.ofExisting(rule))];
  const staying = longestIncreasing(order.map((each) => same.get(each)?.priority));
  const match = new Map<RuleResource, OwnedRule>();
  let low = 0;
  for (const [index, rule] of order.entries()) {
    if (staying.has(index)) low = same.get(rule)?.priority ?? low;
    const [existing, another] = same.has(rule) ? [] : (byId.get(rule.id) ?? []);
    if (existing === undefined || another !== undefined || existing.priority <= low) continue;
    const next = order.findIndex((_, later) => later > index && staying.has(later));
    const high = order[next] && same.get(order[next])?.priority;
    if (high !== undefined && existing.priority >= high) continue;
    // A rule always shares requests with itself.
    const both = rules.ofBoth(rule, existing);
    if (changing.filter((change) => meet(both, change)).length > 2) continue;
    match.set(rule, existing);
    low = existing.priority;
  }
  return match;
}
