// The rules of one listener. While they change, every request is answered by the old rules or by the new ones. New rules are
// created in order of precedence, beside the old ones; then the old ones are deleted in the opposite order. So the first rule
// that matches a request is always the one that the old rules, or the new ones, would have chosen. Rules that never match the
// same request need no order: a tenant's rules do not wait for rules of another host or path (order.ts).
//
// Existing rules are matched by content (their spec tag), not by logical id alone. When a new match shifts the ids of the
// others, the same rules only get other ids.
import type { ResourceId, RuleResource } from '../model/resources.ts';
import type { OwnedRule } from '../observed.ts';
import type { Draft } from './draft.ts';
import { stepId } from './draft.ts';
import { type ListenerRules, matchRules, type PlacedRule } from './match-rules.ts';
import type { Order, RuleChange } from './order.ts';
import { type Anchor, assignPriorities } from './priorities.ts';
import { specReferences } from './references.ts';
import type { StepId } from './step.ts';
import { hashTag, sharesTags, userTags } from './tags.ts';

/** @returns how many rules are created */
export function planRules(draft: Draft, rules: ListenerRules): number {
  const { placed, old, held } = matchRules(draft, rules);
  const others = [...old, ...held];
  const priorities = assignPriorities(
    placed.map(({ existing }) => existing?.priority),
    others.map(({ priority }) => priority),
    anchorsOf(draft, placed, { old, held }),
  );
  const moved = [...placed.map(({ existing }) => existing), ...others].flatMap((existing, index) => {
    const priority = [...priorities.wanted, ...priorities.others][index];
    return existing === undefined || priority === undefined || existing.priority === priority
      ? []
      : [{ arn: existing.arn, priority }];
  });
  const numbered: StepId[] = [];
  if (moved.length > 0) {
    const id = stepId('set-priorities', rules.listener.id);
    numbered.push(draft.add({ kind: 'set-priorities', id, after: [], resource: rules.listener.id, priorities: moved }));
  }
  const made = makeRules(draft, { rules, placed, priorities: priorities.wanted, numbered });
  removeRules(draft, { old, made, numbered });
  return placed.filter(({ existing }) => existing === undefined).length;
}

/**
 * An old rule comes before the new rule that replaces it, and before all rules after that, until the old rule is deleted.
 * Rules may be created out of order only if this is so.
 */
function anchorsOf(
  draft: Draft,
  placed: readonly PlacedRule[],
  { old, held }: { readonly old: readonly OwnedRule[]; readonly held: readonly OwnedRule[] },
): readonly Anchor[] {
  if (!draft.order.isPressed) return [];
  const byId = Map.groupBy([...old, ...held], ({ id }) => id);
  return placed.flatMap(({ desired, existing }, before) =>
    existing === undefined ? (byId.get(desired.id) ?? []).map(({ priority }) => ({ before, priority })) : [],
  );
}

interface Making {
  readonly rules: ListenerRules;
  readonly placed: readonly PlacedRule[];
  /** Of `placed`. */
  readonly priorities: readonly number[];
  /** The step that gives existing rules other priorities, if any. Before it, the new priorities may still be in use. */
  readonly numbered: readonly StepId[];
}

interface Made {
  readonly step: StepId;
  readonly change: RuleChange;
}

/** @returns the steps, by the logical id of the rule that the step creates or changes */
function makeRules(draft: Draft, { rules, placed, priorities, numbered }: Making): ReadonlyMap<ResourceId, Made> {
  const { order } = draft;
  const made = new Map<ResourceId, Made>();
  for (const [index, { desired, existing }] of placed.entries()) {
    if (existing !== undefined) continue;
    const id = stepId('create', desired.id);
    const after = [...numbered, ...draft.waitFor(specReferences(desired)), ...gates(desired, made)];
    const change = order.ofDesired(desired);
    // A listener without rules serves nobody yet: the order is free.
    const follows = rules.present.length === 0 ? [] : waitedFor(order, change, made.values());
    const tags = { ...userTags(desired), ...sharesTags(desired), ...hashTag('spec', desired.spec) };
    const priority = priorities[index] ?? 0;
    draft.add({ kind: 'create-rule', id, after, follows, resource: desired.id, desired, priority, tags });
    made.set(desired.id, { step: id, change });
  }
  const created = [...made.values()];
  for (const { desired, existing, changes } of placed) {
    if (existing === undefined) continue;
    if (changes) {
      const after = [...numbered, ...draft.waitFor(specReferences(desired)), ...gates(desired, made)];
      const change = order.ofBoth(desired, existing);
      const step = draft.change(desired, existing, after, { follows: waitedFor(order, change, created) });
      made.set(desired.id, { step, change });
    }
    draft.retag(desired, existing);
  }
  return made;
}

const waitedFor = (order: Order, change: RuleChange, others: Iterable<Made>): StepId[] =>
  [...others].flatMap(({ step, change: other }) => (order.waits(change, other) ? [step] : []));

/** A rule waits for rules that take requests away from it. If AWS refuses one of these, this rule must not get its requests. */
const gates = (desired: RuleResource, made: ReadonlyMap<ResourceId, Made>): readonly StepId[] =>
  (desired.gates ?? []).flatMap((gate) => made.get(gate)?.step ?? []);

interface Removing {
  readonly old: readonly OwnedRule[];
  readonly made: ReadonlyMap<ResourceId, Made>;
  readonly numbered: readonly StepId[];
}

/**
 * A rule is deleted after its own successor was created. The other new rules need only have been tried, because a rule that
 * AWS refuses must not keep deleted rules in force.
 */
function removeRules(draft: Draft, { old, made, numbered }: Removing): void {
  const before = [...made.values()];
  for (const existing of old.toSorted((a, b) => b.priority - a.priority)) {
    const successor = made.get(existing.id);
    const after = successor === undefined ? numbered : [...numbered, successor.step];
    const change = draft.order.ofExisting(existing);
    const step = draft.remove(existing, after, waitedFor(draft.order, change, before));
    before.push({ step, change });
  }
}
