// The rules of one listener. While they change, a request is answered as before or as after, never by nothing: what is new
// is created in order of precedence, beside what is old; then what is old goes, in the opposite order. So whichever rule
// matches a request first is the one that the old rules, or the new ones, would have chosen.
//
// Existing rules are known by what they say (their spec tag), not by their logical id alone: where ids moved on, because a
// match was put before others, the same rules only get other names.
import type { ListenerResource, ResourceId, RuleResource } from '../model/resources.ts';
import type { OwnedRule } from '../observed.ts';
import type { Draft } from './draft.ts';
import { stepId } from './draft.ts';
import { matchRules, type PlacedRule } from './match-rules.ts';
import { assignPriorities } from './priorities.ts';
import { specReferences } from './references.ts';
import type { StepId } from './step.ts';
import { hashTag, userTags } from './tags.ts';

export interface ListenerRules {
  readonly listener: ListenerResource;
  /** In order of precedence. */
  readonly desired: readonly RuleResource[];
  /** By priority. */
  readonly present: readonly OwnedRule[];
  /** How many rules the load balancer has room for beside those that it has now. */
  readonly room: number;
}

/** Returns how many rules are created. */
export function planRules(draft: Draft, rules: ListenerRules): number {
  const { placed, old, held } = matchRules(draft, rules);
  const others = [...old, ...held];
  const priorities = assignPriorities(
    placed.map(({ existing }) => existing?.priority),
    others.map(({ priority }) => priority),
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

interface Making {
  readonly rules: ListenerRules;
  readonly placed: readonly PlacedRule[];
  /** Of `placed`. */
  readonly priorities: readonly number[];
  /** The step that gives existing rules other numbers, if there is one: until then, new ones may be taken. */
  readonly numbered: readonly StepId[];
}

/** Returns the steps, by the logical id of the rule that each makes. */
function makeRules(draft: Draft, { rules, placed, priorities, numbered }: Making): ReadonlyMap<ResourceId, StepId> {
  const made = new Map<ResourceId, StepId>();
  for (const [index, { desired, existing }] of placed.entries()) {
    if (existing !== undefined) continue;
    const id = stepId('create', desired.id);
    const after = [...numbered, ...draft.waitFor(specReferences(desired))];
    // Nobody asks a listener that has no rules yet: there the order is free.
    const follows = rules.present.length === 0 ? [] : [...made.values()];
    const tags = { ...userTags(desired), ...hashTag('spec', desired.spec) };
    const priority = priorities[index] ?? 0;
    draft.add({ kind: 'create-rule', id, after, follows, resource: desired.id, desired, priority, tags });
    made.set(desired.id, id);
  }
  const created = [...made.values()];
  for (const { desired, existing, changes } of placed) {
    if (existing === undefined) continue;
    if (changes) {
      const after = [...numbered, ...draft.waitFor(specReferences(desired))];
      made.set(desired.id, draft.change(desired, existing, after, { follows: created }));
    }
    draft.retag(desired, existing);
  }
  return made;
}

interface Removing {
  readonly old: readonly OwnedRule[];
  readonly made: ReadonlyMap<ResourceId, StepId>;
  readonly numbered: readonly StepId[];
}

/**
 * A rule's own successor must have been made; of the others it is enough that they were tried: one that AWS refuses would
 * else keep what was taken away in force.
 */
function removeRules(draft: Draft, { old, made, numbered }: Removing): void {
  const before = [...made.values()];
  for (const existing of old.toSorted((a, b) => b.priority - a.priority)) {
    const successor = made.get(existing.id);
    const after = successor === undefined ? numbered : [...numbered, successor];
    before.push(draft.remove(existing, after, [...before]));
  }
}
