// AWS checks the health only of target groups that a rule refers to. So a new group first joins the rule of the serving group
// with weight 0, and takes over when it is ready.
import type { ResourceId, RuleResource } from '../model/resources.ts';
import type { OwnedRule } from '../observed.ts';
import type { Draft } from './draft.ts';
import { stepId } from './draft.ts';
import type { Existing } from './existing.ts';

/** Target groups in one forward action: an AWS quota that cannot be raised. */
const TARGET_GROUPS_PER_ACTION = 5;

/** Whether the rule forwards as desired: to the current groups of the logical ids, and to no other. */
export function pointsWhereDesired(existing: Existing, desired: RuleResource, rule: OwnedRule): boolean {
  const { action } = desired.spec;
  const wanted = action.kind === 'forward' ? action.targetGroups : [];
  const weights = new Map(rule.targetGroups.map(({ arn, weight }) => [arn, weight]));
  // The weight of a single group has no meaning.
  const alone = wanted.length === 1;
  return (
    wanted.length === weights.size &&
    wanted.every(({ targetGroup, weight }) => {
      const present = weights.get(existing.kept.get(targetGroup)?.arn ?? '');
      return present !== undefined && (present === weight || (alone && present > 0 && weight > 0));
    })
  );
}

/**
 * Whether `rule` must stay as it is, because its new groups are not ready. If so, adds them to it with weight 0. A rule that
 * serves nothing, or has no room for more groups, does not wait.
 */
export function warmUp(draft: Draft, desired: RuleResource, rule: OwnedRule): boolean {
  const serving = rule.targetGroups.filter(({ weight }) => weight > 0);
  if (serving.length === 0) return false;
  const arnOf = (id: ResourceId) => draft.existing.kept.get(id)?.arn;
  const cold = coldGroups(draft.existing, desired).filter((id) => !serving.some(({ arn }) => arn === arnOf(id)));
  const joined = rule.targetGroups.filter(({ arn, weight }) => weight === 0 && cold.some((id) => arnOf(id) === arn));
  const joining = cold.filter((id) => !joined.some(({ arn }) => arn === arnOf(id)));
  const stay = [...serving, ...joined];
  if (cold.length === 0 || stay.length + joining.length > TARGET_GROUPS_PER_ACTION) return false;
  if (joining.length > 0) {
    const id = stepId('warm', desired.id);
    const after = draft.waitFor(joining);
    draft.add({ kind: 'warm-rule', id, after, resource: desired.id, arn: rule.arn, serving: stay, joining });
  }
  for (const resource of cold) draft.await({ kind: 'target-group-health', resource });
  return true;
}

/** The groups that should serve, but are not ready. */
export function coldGroups(existing: Existing, desired: RuleResource): ResourceId[] {
  const { action } = desired.spec;
  if (action.kind !== 'forward') return [];
  return action.targetGroups.flatMap(({ targetGroup, weight }) => {
    const group = existing.kept.get(targetGroup);
    const ready = group?.kind === 'target-group' && group.ready;
    return weight === 0 || ready ? [] : [targetGroup];
  });
}
