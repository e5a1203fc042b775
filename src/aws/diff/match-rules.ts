// Which existing rule becomes which desired one.
import { hash } from '../model/hash.ts';
import type { RuleResource } from '../model/resources.ts';
import { type OwnedRule, TAG } from '../observed.ts';
import type { Draft } from './draft.ts';
import { longestIncreasing } from './priorities.ts';
import type { ListenerRules } from './rules.ts';
import { pointsWhereDesired, warmUp } from './traffic.ts';

export interface PlacedRule {
  readonly desired: RuleResource;
  /** Undefined for one that is to be created. */
  readonly existing: OwnedRule | undefined;
  readonly changes: boolean;
}

export interface MatchedRules {
  /** In order of precedence; without those that have to wait. */
  readonly placed: readonly PlacedRule[];
  /** What goes. */
  readonly old: readonly OwnedRule[];
  /** What serves on until the target groups of a successor are healthy. */
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
    if (predecessor === undefined || !warmUp(draft, rule, predecessor)) continue;
    waiting.add(rule);
    old.delete(predecessor);
    held.push(predecessor);
  }
  const order = desired.filter((rule) => !waiting.has(rule));
  const inPlace = changeInPlace(order, same, [...old], room);
  for (const existing of inPlace.values()) old.delete(existing);
  const placed = order.map((rule) => {
    const kept = same.get(rule);
    if (kept === undefined) return { desired: rule, existing: inPlace.get(rule), changes: inPlace.has(rule) };
    const changes = !pointsWhereDesired(draft.existing, rule, kept) && !warmUp(draft, rule, kept);
    return { desired: rule, existing: kept, changes };
  });
  // Some of what a waiting rule will answer may be answered by any of the old ones now: they all stay for it.
  return waiting.size === 0 ? { placed, old: [...old], held } : { placed, old: [], held: [...held, ...old] };
}

type Match = ReadonlyMap<RuleResource, OwnedRule>;

/** By what they say; of several that say the same, the one that has the id. */
function matchContent(desired: readonly RuleResource[], present: readonly OwnedRule[]): Match {
  const match = new Map<RuleResource, OwnedRule>();
  const free = new Set(present);
  const claim = (rule: RuleResource, found: OwnedRule | undefined) => {
    if (found === undefined) return;
    match.set(rule, found);
    free.delete(found);
  };
  const bySpec = Map.groupBy(present, ({ tags }) => tags[TAG.spec]);
  const same = new Map(desired.map((rule) => [rule, bySpec.get(hash(rule.spec)) ?? []]));
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
 * Moves alone are one call that AWS applies at once. Beside other changes, rules that move would answer what is neither
 * theirs before nor after: as far as there is room, they are made anew in their new place, too.
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

/**
 * Where just one rule differs, and stays in its place, one call changes it for every request at once. Where several do, what
 * one stops to match another may begin to, so they are made anew beside the old ones, as far as the load balancer's quota
 * has room: beyond it, some take the place of what goes.
 */
function changeInPlace(order: readonly RuleResource[], same: Match, old: readonly OwnedRule[], room: number): Match {
  const fresh = order.filter((rule) => !same.has(rule));
  const [rule, existing] = [fresh[0], old[0]];
  if (fresh.length === 1 && old.length === 1 && rule !== undefined && existing?.id === rule.id) {
    const before = longestIncreasing(order.map((each) => same.get(each)?.priority));
    const between = longestIncreasing(order.map((each) => (each === rule ? existing : same.get(each))?.priority));
    if (between.size > before.size) return new Map([[rule, existing]]);
  }
  const match = new Map<RuleResource, OwnedRule>();
  const free = new Set(old);
  const fits = () => fresh.length - match.size <= room;
  const take = (each: RuleResource, found: OwnedRule | undefined) => {
    if (fits() || found === undefined) return;
    match.set(each, found);
    free.delete(found);
  };
  for (const each of fresh)
    take(
      each,
      [...free].find(({ id }) => id === each.id),
    );
  for (const each of fresh) if (!match.has(each)) take(each, [...free][0]);
  return match;
}
