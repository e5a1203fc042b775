// The room on a load balancer: how many packed rules and target groups fit.
import type { PortView } from '../../gateway/entries.ts';
import type { ModelContext } from './context.ts';
import type { PlannedRule, RankedRule } from './express-entries.ts';
import { stableJson } from './hash.ts';
import { packPort, packTightly } from './pack-port.ts';
import type { ResourceId } from './resources.ts';
import { atomText } from './shares.ts';

/** How many matches fit into one rule: two hosts with three paths need five condition values. */
export const MATCHES_PER_RULE = 6;

/** What there is not enough of. `untried`: the rules were not tried. */
export type Lack = 'rules' | 'target-groups' | 'untried';

interface RoomOptions {
  readonly context: ModelContext;
  readonly views: ReadonlyMap<number, PortView>;
  readonly isolates: (port: number, listener: string) => boolean;
}

/**
 * Packing takes far longer than counting. So rules are packed only if counting cannot decide whether they fit, and each owner has a
 * limited number of failed attempts.
 */
export class Room {
  readonly #options: RoomOptions;
  readonly #parts = new Map<string, readonly RankedRule[]>();
  /** By port: the number of rules after the last packing. */
  readonly #packed = new Map<number, number>();
  /** By port: how many entries were added since then. */
  readonly #added = new Map<number, number>();
  /** Groups of entries that may be packed together, with the count of each. */
  readonly #groups = new Map<string, Map<string, number>>();
  readonly #targetGroups = new Map<ResourceId, number>();
  readonly #failures = new Map<string, number>();

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  get limit(): number {
    return this.#options.context.options.quotas.rulesPerLoadBalancer;
  }

  /** All rules that were put in. */
  chosen(): readonly RankedRule[] {
    return [...this.#parts.values()].flat();
  }

  /** Puts the rules in, even if they do not fit. */
  put(key: string, rules: readonly RankedRule[]): void {
    this.#insert(key, rules);
    for (const { planned } of rules) this.#added.set(planned.port, (this.#added.get(planned.port) ?? 0) + 1);
  }

  remove(key: string): readonly RankedRule[] {
    const rules = this.#parts.get(key) ?? [];
    this.#take(key);
    for (const { planned } of rules) this.#added.set(planned.port, (this.#added.get(planned.port) ?? 0) + 1);
    return rules;
  }

  /** Puts the rules in if they fit. @param owner whose attempts are limited. @returns what is lacking, or undefined */
  tryPut(key: string, rules: readonly RankedRule[], owner: string): Lack | undefined {
    const { targetGroupsPerLoadBalancer } = this.#options.context.options.quotas;
    this.#insert(key, rules);
    const lack =
      this.#targetGroups.size > targetGroupsPerLoadBalancer
        ? 'target-groups'
        : this.#leastRules() > this.limit
          ? 'rules'
          : this.#lackOf(key, rules, owner);
    if (lack !== undefined) this.#take(key);
    return lack;
  }

  /** The least number of rules that are needed. */
  count(): number {
    this.#pack();
    return this.#fits() ? sum(this.#packed.values()) : this.#tightly();
  }

  targetGroups(): number {
    return this.#targetGroups.size;
  }

  /** The least number of additional rules that these need. */
  wants(rules: readonly RankedRule[]): number {
    const fresh = new Map<string, Set<string>>();
    for (const { planned } of rules) {
      const { group, atom } = packedWith(planned);
      if (this.#groups.get(group)?.has(atom) === true) continue;
      const atoms = fresh.get(group) ?? new Set();
      fresh.set(group, atoms.add(atom));
    }
    return sum(
      [...fresh].map(([group, { size }]) => {
        const present = this.#groups.get(group)?.size ?? 0;
        return Math.ceil((present + size) / MATCHES_PER_RULE) - Math.ceil(present / MATCHES_PER_RULE);
      }),
    );
  }

  wantsTargetGroups(rules: readonly RankedRule[]): number {
    return [...groupsOf(rules)].filter((id) => !this.#targetGroups.has(id)).length;
  }

  #lackOf(key: string, rules: readonly RankedRule[], owner: string): Lack | undefined {
    const { limit } = this;
    const most = () => sum(this.#packed.values()) + sum(this.#added.values());
    if (most() + rules.length > limit && this.#added.size > 0) {
      this.#parts.delete(key);
      this.#pack();
      this.#parts.set(key, rules);
    }
    if (most() + rules.length <= limit) {
      for (const { planned } of rules) this.#added.set(planned.port, (this.#added.get(planned.port) ?? 0) + 1);
      return undefined;
    }
    const failures = this.#failures.get(owner) ?? 0;
    if (failures >= MAX_FAILURES) return 'untried';
    const before = new Map(this.#packed);
    for (const { planned } of rules) this.#added.set(planned.port, 0);
    this.#pack();
    if (this.#fits() || this.#tightly() <= limit) return undefined;
    this.#packed.clear();
    for (const [port, count] of before) this.#packed.set(port, count);
    this.#failures.set(owner, failures + 1);
    return 'rules';
  }

  #fits(): boolean {
    return sum(this.#packed.values()) <= this.limit;
  }

  /** Updates the counts of changed ports. */
  #pack(): void {
    for (const port of this.#added.keys()) this.#packed.set(port, this.#packedBy(packPort, port));
    this.#added.clear();
  }

  #tightly(): number {
    return sum([...this.#packed.keys()].map((port) => this.#packedBy(packTightly, port)));
  }

  #packedBy(pack: typeof packPort, port: number): number {
    const { context, views, isolates } = this.#options;
    const view = views.get(port);
    if (view === undefined) return 0;
    const chosen = this.chosen().filter(({ planned }) => planned.port === port);
    return pack({ context, view, isolates: (listener) => isolates(port, listener) }, chosen).length;
  }

  #leastRules(): number {
    return sum([...this.#groups.values()].map(({ size }) => Math.ceil(size / MATCHES_PER_RULE)));
  }

  #insert(key: string, rules: readonly RankedRule[]): void {
    this.#parts.set(key, rules);
    for (const { planned } of rules) {
      const { group, atom } = packedWith(planned);
      const atoms = this.#groups.get(group) ?? new Map<string, number>();
      this.#groups.set(group, atoms.set(atom, (atoms.get(atom) ?? 0) + 1));
    }
    for (const id of groupsOf(rules)) this.#targetGroups.set(id, (this.#targetGroups.get(id) ?? 0) + 1);
  }

  #take(key: string): void {
    const rules = this.#parts.get(key) ?? [];
    this.#parts.delete(key);
    for (const { planned } of rules) {
      const { group, atom } = packedWith(planned);
      const atoms = this.#groups.get(group);
      decrease(atoms, atom);
      if (atoms?.size === 0) this.#groups.delete(group);
    }
    for (const id of groupsOf(rules)) decrease(this.#targetGroups, id);
  }
}

/** How often packing may fail for one owner. */
const MAX_FAILURES = 16;

function packedWith({ port, behaviour, match }: PlannedRule): { readonly group: string; readonly atom: string } {
  return { group: `${port} ${behaviour} ${stableJson(match.others)}`, atom: atomText(match) };
}

/** The target groups that rules forward to. */
function groupsOf(rules: readonly RankedRule[]): ReadonlySet<ResourceId> {
  return new Set(
    rules.flatMap(({ planned: { action } }) =>
      action.kind === 'forward' ? action.targetGroups.map(({ targetGroup }) => targetGroup) : [],
    ),
  );
}

function decrease<K>(counts: Map<K, number> | undefined, key: K): void {
  const count = counts?.get(key) ?? 0;
  if (count > 1) counts?.set(key, count - 1);
  else counts?.delete(key);
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, number) => total + number, 0);
