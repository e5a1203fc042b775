// Chooses the rules that fit. Serving rules stay as they are in AWS. After them, the oldest routes have precedence. A rule that does
// not fit is left out, and later rules are still tried. If a serving route needs more than there is room for, it keeps all its rules
// of before.

import type { PortView } from '../../gateway/entries.ts';
import type { RouteRef } from '../../gateway/problem-place.ts';
import { type RouteId, routeId } from '../../gateway/route-id.ts';
import type { Steps } from '../../gateway/steps.ts';
import { parseObjectKey } from '../../kube/object.ts';
import { type Candidates, candidatesOf } from './candidates.ts';
import { Budget, type Claim, claimOf, idOf, mayHaveServed, placesOf } from './claims.ts';
import type { ModelContext } from './context.ts';
import type { RankedRule, SourceRule } from './express-entries.ts';
import { type Exposed, exposedBy, gatesFirst } from './gates.ts';
import { Isolation, type OpenListener } from './isolation.ts';
import { keptRules } from './kept-rules.ts';
import { type Lack, Room } from './room.ts';
import { type StandingAtom, standingAtoms } from './shares.ts';
import type { Standing } from './standing.ts';

export interface Choice {
  readonly room: Room;
  readonly candidates: readonly Candidates[];
  /** The routes whose rules were tried one by one. */
  readonly budget: Budget;
  readonly misfits: readonly Misfit[];
  readonly exposed: readonly Exposed[];
  readonly isolation: Isolation;
  /** Listeners without room for the rule that isolates them. */
  readonly open: readonly OpenListener[];
}

/** A rule that did not fit. */
export interface Misfit {
  readonly source: SourceRule;
  readonly lack: Lack;
  /** Undefined if there are too many entries to make them. */
  readonly rules: readonly RankedRule[] | undefined;
  /** How many rules it needs at least. Set if no load balancer has room for it. */
  readonly least: number | undefined;
  /** Whether the route keeps the rules that it has in AWS instead. */
  readonly kept: boolean;
}

export function* chooseRules(context: ModelContext, views: readonly PortView[], standing: Standing): Steps<Choice> {
  const candidates = yield* candidatesOf(context, views);
  const { all, byRoute } = standingAtoms(
    standing.rules,
    candidates.map(({ route }) => routeId(route.route)),
  );
  const isolation = new Isolation(context, views, placesOf(all));
  const viewsByPort = new Map(views.map((view) => [view.port.port, view]));
  const room = new Room({ context, views: viewsByPort, isolates: isolation.isolates });
  const budget = new Budget();
  const claims = candidates.map((each) => claimOf(each, byRoute.get(routeId(each.route.route)) ?? [], budget));
  const choosing = new Choosing({ views: viewsByPort, standing, byRoute, room, budget });
  for (const claim of claims) {
    choosing.keep(claim);
    yield;
  }
  yield* choosing.change(
    claims.filter(({ former, candidates: { route } }) => former.length > 0 && route.unread !== true),
  );
  for (const claim of claims) {
    if (claim.former.length === 0) choosing.add(claim);
    yield;
  }
  choosing.trim();
  const open = yield* isolation.fill(room.chosen());
  return { room, candidates, budget, ...choosing.outcome(), isolation, open };
}

interface ChoosingOptions {
  readonly views: ReadonlyMap<number, PortView>;
  readonly standing: Standing;
  readonly byRoute: ReadonlyMap<RouteId, readonly StandingAtom[]>;
  readonly room: Room;
  readonly budget: Budget;
}

const formerKey = (route: RouteRef): string => `former ${routeId(route)}`;

class Choosing {
  readonly #options: ChoosingOptions;
  readonly #misfits: Misfit[] = [];
  readonly #exposed: Exposed[] = [];
  /** The functions that undo the changes, in this order. */
  readonly #undo: (() => void)[] = [];

  constructor(options: ChoosingOptions) {
    this.#options = options;
  }

  outcome(): Pick<Choice, 'misfits' | 'exposed'> {
    return { misfits: this.#misfits, exposed: this.#exposed };
  }

  /** Serving rules get their places first. */
  keep({ candidates, serving, former }: Claim): void {
    const { views, standing, room } = this.#options;
    const { route } = candidates.route;
    for (const source of serving) this.#put(source, this.#rulesOf(candidates, source) ?? []);
    const kept = keptRules(candidates.route, former, views, standing) ?? [];
    if (kept.length > 0) room.put(formerKey(route), kept);
  }

  /** Routes that have changed. One route's change may make room for another's. */
  *change(claims: readonly Claim[]): Steps<void> {
    let held = claims;
    for (;;) {
      const still: Claim[] = [];
      for (const claim of held) {
        if (!this.#replace(claim, { isLast: false })) still.push(claim);
        yield;
      }
      if (still.length === held.length) break;
      held = still;
    }
    for (const claim of held) this.#replace(claim, { isLast: true });
  }

  /** Routes whose rules in AWS are all still wanted. */
  add(claim: Claim): void {
    this.#replace(claim, { isLast: true });
  }

  /**
   * Rules that replace others may need more room than was counted, because of the rules between them. The rules that were added last
   * are removed first.
   */
  trim(): void {
    const { room } = this.#options;
    while (this.#undo.length > 0 && room.count() > room.limit) this.#undo.pop()?.();
  }

  /** @returns true if the route got the new rules that fit, false if it keeps its old rules */
  #replace(claim: Claim, { isLast }: { readonly isLast: boolean }): boolean {
    const { room } = this.#options;
    const { candidates, serving } = claim;
    const { route } = candidates.route;
    const former = room.remove(formerKey(route));
    const { added, misfits } = this.#tryAll(claim);
    const out = misfits.map(({ source }) => source);
    const exposed = exposedBy(out, [...serving, ...added]);
    const kept =
      serving.size + former.length > 0 &&
      (out.some((source) => mayHaveServed(claim, source)) || exposed.some(({ source }) => serving.has(source)));
    const leaving = kept ? added : exposed.map(({ source }) => source);
    for (const source of leaving) room.remove(source.id);
    if (kept && former.length > 0) room.put(formerKey(route), former);
    if (kept && !isLast) return false;
    this.#misfits.push(...misfits.map((misfit) => ({ ...misfit, kept })));
    if (kept) return false;
    this.#exposed.push(...exposed);
    const stays = added.filter((source) => !leaving.includes(source));
    this.#undo.push(() => {
      for (const source of stays) {
        room.remove(source.id);
        this.#misfits.push({
          source,
          lack: 'rules',
          rules: this.#rulesOf(candidates, source),
          least: undefined,
          kept: former.length > 0,
        });
      }
      if (former.length > 0) room.put(formerKey(route), former);
    });
    return true;
  }

  #put(source: SourceRule, rules: readonly RankedRule[]): void {
    const { room } = this.#options;
    room.put(source.id, rules);
    this.#undo.push(() => {
      room.remove(source.id);
      this.#misfits.push({ source, lack: 'rules', rules, least: undefined, kept: false });
    });
  }

  #tryAll({ candidates, serving }: Claim): {
    readonly added: readonly SourceRule[];
    readonly misfits: readonly Misfit[];
  } {
    const { room } = this.#options;
    const owner = parseObjectKey(candidates.route.route.key).namespace ?? '';
    const added: SourceRule[] = [];
    const misfits: Misfit[] = [];
    for (const source of gatesFirst(candidates.sources)) {
      if (serving.has(source)) continue;
      const rules = this.#rulesOf(candidates, source);
      if (rules?.length === 0) continue;
      const unmade = candidates.tooLarge.has(source) ? 'rules' : 'untried';
      const lack = rules === undefined ? unmade : room.tryPut(source.id, rules, owner);
      if (lack === undefined) added.push(source);
      else misfits.push({ source, lack, rules, least: candidates.tooLarge.get(source), kept: false });
    }
    return { added, misfits };
  }

  /** Empty for a rule that an ALB cannot express. Undefined if there are too many entries to make them. */
  #rulesOf(candidates: Candidates, source: SourceRule): readonly RankedRule[] | undefined {
    const { byRoute, budget } = this.#options;
    if (candidates.tooLarge.has(source) || !budget.allows(candidates)) return undefined;
    const rules = candidates.expressed().find((each) => each.source === source)?.rules ?? [];
    const places = placesOf(byRoute.get(routeId(candidates.route.route)) ?? []);
    return rules.map((rule) => {
      const standsAt = places.get(idOf(rule));
      return standsAt === undefined ? rule : { ...rule, planned: { ...rule.planned, standsAt } };
    });
  }
}
