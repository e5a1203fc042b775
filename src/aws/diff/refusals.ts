// Refusals of AWS about rules, as problems of the routes of these rules. A refusal names an AWS resource, which the owner of a
// route does not know.

import type { RuleRef } from '../../gateway/problem-place.ts';
import { routeId } from '../../gateway/route-id.ts';
import { isRefusal } from '../cloud-problem.ts';
import type { Model, ResourceId, RuleResource } from '../model/resources.ts';
import type { Problem } from '../problem.ts';
import { forwardReferences } from './references.ts';
import type { Plan, StepId } from './step.ts';

type RefusedProblem = Extract<Problem, { kind: 'rule-refused' | 'rule-change-refused' }>;
type Cause = RefusedProblem['cause'];

/**
 * @param done the steps of the plan that have succeeded
 * @param problems those of the other steps
 */
export function refusedRules(
  { steps }: Plan,
  model: Model,
  { done, problems }: { readonly done: readonly StepId[]; readonly problems: readonly Problem[] },
): readonly Problem[] {
  const causes = new Map(problems.filter(isRefusal).map((problem) => [problem.resource, problem]));
  if (causes.size === 0) return [];
  const succeeded = new Set(done);
  const undone = new Map<ResourceId, RefusedProblem['kind']>(
    steps.flatMap((step) =>
      'desired' in step && step.desired.kind === 'rule' && !succeeded.has(step.id)
        ? [[step.resource, step.kind === 'create-rule' ? 'rule-refused' : 'rule-change-refused']]
        : [],
    ),
  );
  const causeOf = ({ id, spec, gates = [] }: RuleResource): Cause | undefined =>
    undone.has(id)
      ? [id, ...forwardReferences(spec.action), ...gates]
          .map((each) => causes.get(each))
          .find((cause) => cause !== undefined)
      : undefined;
  const rules = model.resources.filter((resource) => resource.kind === 'rule');
  const parts = rules.flatMap((rule) =>
    rule.sources.map((source) => ({
      source,
      port: portOf(model, rule),
      cause: causeOf(rule),
      kind: undone.get(rule.id) ?? 'rule-refused',
    })),
  );
  const bySource = Map.groupBy(parts, ({ source }) => `${routeId(source.route)}/${source.rule}`);
  return [...bySource.values()].flatMap(problemsOfRule);
}

function portOf({ resources }: Model, { listener }: RuleResource): number {
  const found = resources.find(({ id }) => id === listener);
  return found?.kind === 'listener' ? found.spec.port : 0;
}

interface Part {
  readonly source: RuleRef;
  readonly port: number;
  readonly cause: Cause | undefined;
  readonly kind: RefusedProblem['kind'];
}

/** The problems of one rule of a route. AWS may refuse it on one port, while it serves on others. */
function problemsOfRule(parts: readonly Part[]): readonly Problem[] {
  const all = parts.flatMap(({ source, port, cause, kind }) => {
    if (cause === undefined) return [];
    const problem: RefusedProblem = { kind, ...source, field: '', cause };
    return [{ port, problem }];
  });
  const changes = all.filter(({ problem }) => problem.kind === 'rule-change-refused').slice(0, 1);
  const refused = all.filter(({ problem }) => problem.kind === 'rule-refused');
  const [first] = refused;
  if (first === undefined) return changes.map(({ problem }) => problem);
  if (refused.length === parts.length) return [first.problem];
  const byPort = new Map(refused.toReversed().map((each) => [each.port, each.problem]));
  return [
    ...[...byPort].map(([port, cause]) => ({ ...cause, kind: 'partly-left-out' as const, port, cause })),
    ...changes.map(({ problem }) => problem),
  ];
}
