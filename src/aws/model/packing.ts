// Packs rules, because an ALB has 100 rules with 5 condition values each. Rules with the same action that differ only in hosts, paths
// or methods become one, if no rule between them could answer differently.

import { overlaps } from '../../gateway/hostnames.ts';
import { conditionValues, MAX_CONDITION_VALUES, type PathMatch, type RuleMatch, ruleConditions } from './conditions.ts';
import { stableJson } from './hash.ts';

export interface Packable {
  readonly match: RuleMatch;
  /** Equal for rules with the same action. */
  readonly behaviour: string;
  readonly sources: readonly unknown[];
}

/** @param rules in order of precedence, like the result. A rule that is packed into an earlier one takes that one's place */
export function packRules<T extends Packable>(rules: readonly T[]): readonly T[] {
  let packed: readonly T[] = rules;
  for (;;) {
    const next = packOnce(packed);
    if (next.length === packed.length) return next;
    packed = next;
  }
}

function packOnce<T extends Packable>(rules: readonly T[]): readonly T[] {
  const packed: T[] = [];
  for (const rule of rules) {
    const place = placeFor(packed, rule);
    if (place === undefined) packed.push(rule);
    else packed[place.index] = place.merged;
  }
  return packed;
}

/** The nearest earlier rule that this rule can be packed into. */
function placeFor<T extends Packable>(
  packed: readonly T[],
  rule: T,
): { readonly index: number; readonly merged: T } | undefined {
  for (let index = packed.length - 1; index >= 0; index--) {
    const earlier = packed[index];
    if (earlier === undefined) return undefined;
    if (earlier.behaviour === rule.behaviour) {
      const match = mergedMatch(earlier.match, rule.match);
      if (match !== undefined) {
        return { index, merged: { ...earlier, match, sources: [...earlier.sources, ...rule.sources] } };
      }
    } else if (!areDisjoint(earlier.match, rule.match)) {
      return undefined;
    }
  }
  return undefined;
}

/** A match for exactly the requests of both. Undefined if one rule cannot have it. */
function mergedMatch(a: RuleMatch, b: RuleMatch): RuleMatch | undefined {
  if (!haveSameOthers(a, b)) return undefined;
  let different = 0;
  if (!sameItems(a.hosts, b.hosts, isSame)) different += difference(a.hosts, b.hosts);
  if (!sameItems(a.paths, b.paths, isSamePath)) different += difference(a.paths, b.paths);
  if (!sameItems(a.methods, b.methods, isSame)) different += difference(a.methods, b.methods);
  if (different > 1) return undefined;
  const match: RuleMatch = {
    hosts: union(a.hosts, b.hosts, isSame),
    paths: union(a.paths, b.paths, isSamePath),
    methods: union(a.methods, b.methods, isSame),
    others: a.others,
  };
  const { hosts, paths, methods, others } = match;
  // Each of them is at least one value. Most pairs end here, before conditions are made.
  if (hosts.length + paths.length + methods.length + others.length > MAX_CONDITION_VALUES) return undefined;
  const conditions = ruleConditions(match);
  return conditions !== undefined && conditionValues(conditions) <= MAX_CONDITION_VALUES ? match : undefined;
}

/** An empty list matches everything, so nothing can be added to it. */
const difference = (a: readonly unknown[], b: readonly unknown[]): number =>
  a.length === 0 || b.length === 0 ? Number.POSITIVE_INFINITY : 1;

type Equal<T> = (a: T, b: T) => boolean;

const isSame: Equal<string> = (a, b) => a === b;

const isSamePath: Equal<PathMatch> = (a, b) => a.type === b.type && a.value === b.value;

function haveSameOthers(a: RuleMatch, b: RuleMatch): boolean {
  return a.others.length === b.others.length && textOf(a.others) === textOf(b.others);
}

/** Every rule is compared with every other, and lists never change. So the text of a list is made once. */
const texts = new WeakMap<RuleMatch['others'], string>();

function textOf(others: RuleMatch['others']): string {
  const text = texts.get(others) ?? stableJson(others);
  texts.set(others, text);
  return text;
}

function union<T>(a: readonly T[], b: readonly T[], equal: Equal<T>): readonly T[] {
  return [...a, ...b.filter((item) => !a.some((other) => equal(item, other)))];
}

function sameItems<T>(a: readonly T[], b: readonly T[], equal: Equal<T>): boolean {
  return a.length === b.length && a.every((item) => b.some((other) => equal(item, other)));
}

/** Whether no request can match both. False if that is not known. */
export function areDisjoint(a: RuleMatch, b: RuleMatch): boolean {
  return (
    apart(a.hosts, b.hosts, (x, y) => !overlaps(x, y)) ||
    apart(a.paths, b.paths, pathsApart) ||
    apart(a.methods, b.methods, (x, y) => x !== y)
  );
}

function apart<T>(a: readonly T[], b: readonly T[], areApart: (x: T, y: T) => boolean): boolean {
  return a.length > 0 && b.length > 0 && a.every((x) => b.every((y) => areApart(x, y)));
}

function pathsApart(a: PathMatch, b: PathMatch): boolean {
  if (a.type === 'regex' || b.type === 'regex') return false;
  return !pathCovers(a, b) && !pathCovers(b, a);
}

function pathCovers(a: PathMatch, b: PathMatch): boolean {
  return a.value === b.value || (a.type === 'prefix' && b.value.startsWith(`${a.value}/`));
}
