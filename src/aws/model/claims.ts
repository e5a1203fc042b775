// The rules that each route has in AWS, and the rules that it wants.
import { routeId } from '../../gateway/route-id.ts';
import { parseObjectKey } from '../../kube/object.ts';
import type { Candidates } from './candidates.ts';
import type { RankedRule, SourceRule } from './express-entries.ts';
import { atomId, nameOf, type StandingAtom } from './shares.ts';

export interface Claim {
  readonly candidates: Candidates;
  /** Wanted rules that are in AWS already. */
  readonly serving: ReadonlySet<SourceRule>;
  /** The route's other rules in AWS. */
  readonly former: readonly StandingAtom[];
}

/** @param owned the route's rules in AWS */
export function claimOf(candidates: Candidates, owned: readonly StandingAtom[], budget: Budget): Claim {
  if (owned.length === 0 || !budget.allows(candidates)) return { candidates, serving: new Set(), former: owned };
  const places = placesOf(owned);
  const serving = candidates
    .expressed()
    .filter(({ rules }) => rules.length > 0 && rules.every((rule) => places.has(idOf(rule))));
  const covered = new Set(serving.flatMap(({ rules }) => rules.map(idOf)));
  return {
    candidates,
    serving: new Set(serving.map(({ source }) => source)),
    former: owned.filter(({ id }) => !covered.has(id)),
  };
}

/** By `atomId`: the priority of the first rule in AWS with this atom. */
export const placesOf = (atoms: readonly StandingAtom[]): ReadonlyMap<string, number> =>
  new Map(atoms.toReversed().map(({ id, rule }) => [id, rule.priority]));

export const idOf = ({ planned }: RankedRule): string => atomId(planned.port, planned.behaviour, planned.match);

/** Whether the rule may have been in AWS before its route changed. True if that is not known. */
export function mayHaveServed({ former }: Claim, { place, rule }: SourceRule): boolean {
  const name = rule.name ?? String(rule.rule);
  return former.some((atom) => {
    const named = nameOf(atom.rule.id);
    return named.route !== routeId(place.route) || named.rule === name;
  });
}

/** How many entries are made for the routes of one namespace. A load balancer has room for 600. */
const MOST_ENTRIES = 6000;
/** A route with at most so many entries for each rule is not limited. */
const FEW = 8;

/** Limits the work for each namespace, so that thousands of matches do not delay other namespaces. */
export class Budget {
  readonly #spent = new Map<string, number>();
  readonly #answers = new Map<Candidates, boolean>();

  allows(candidates: Candidates): boolean {
    const known = this.#answers.get(candidates);
    if (known !== undefined) return known;
    const { route, size, sources } = candidates;
    const owner = parseObjectKey(route.route.key).namespace ?? '';
    const spent = (this.#spent.get(owner) ?? 0) + size;
    const isSmall = size <= FEW * sources.length;
    const answer = isSmall || spent <= MOST_ENTRIES;
    if (answer && !isSmall) this.#spent.set(owner, spent);
    this.#answers.set(candidates, answer);
    return answer;
  }
}
