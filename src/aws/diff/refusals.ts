// Turns AWS's refusals of rules into problems of the rules' routes. A refusal names an AWS resource, but the owner of a route
// does not know that resource.

import type { RuleRef } from '../../gateway/problem-place.ts';
import { routeId } from '../../gateway/route-id.ts';
import { isRefusal } from '../cloud-problem.ts';
import type { ListenerResource, Model, ResourceId, RuleResource } from '../model/resources.ts';
import type { Problem } from '../problem.ts';
import { actionOf } from './forwarding.ts';
import { forwardReferences } from './references.ts';
import type { Plan, Step, StepId } from './step.ts';

type RefusedProblem = Extract<Problem, { kind: 'rule-refused' | 'rule-change-refused' }>;
type Cause = RefusedProblem['cause'];

/**
 * @param done the steps of the plan that have succeeded
 * @param problems the problems of the other steps
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
    steps.flatMap((step) => {
      const kind = succeeded.has(step.id) ? undefined : refusalOf(step);
      return kind === undefined ? [] : [[step.resource, kind]];
    }),
  );
  const causeOf = (carrier: Carrier): Cause | undefined => {
    const gates = carrier.kind === 'rule' ? (carrier.gates ?? []) : [];
    return undone.has(carrier.id)
      ? [carrier.id, ...forwardReferences(actionOf(carrier)), ...gates]
          .map((each) => causes.get(each))
          .find((cause) => cause !== undefined)
      : undefined;
  };
  const carriers = model.resources.filter((resource) => resource.kind === 'rule' || resource.kind === 'listener');
  const parts = carriers.flatMap((carrier) =>
    (carrier.sources ?? []).map((source) => ({
      source,
      port: portOf(model, carrier),
      cause: causeOf(carrier),
      kind: undone.get(carrier.id) ?? 'rule-refused',
    })),
  );
  const bySource = Map.groupBy(parts, ({ source }) => `${routeId(source.route)}/${source.rule}`);
  return [...bySource.values()].flatMap(problemsOfRule);
}

/** A resource that carries a route's traffic: a rule of an ALB, or the listener of an NLB. */
type Carrier = RuleResource | ListenerResource;

/** The problem of a route if the step has not succeeded. Undefined if the step's resource carries no route's traffic. */
function refusalOf(step: Step): RefusedProblem['kind'] | undefined {
  switch (step.kind) {
    case 'create-rule':
      return 'rule-refused';
    case 'create':
      return step.desired.kind === 'listener' ? 'rule-refused' : undefined;
    case 'change':
      return step.desired.kind === 'rule' || step.desired.kind === 'listener' ? 'rule-change-refused' : undefined;
    case 'warm-listener':
    case 'set-tls':
      return 'rule-change-refused';
    case 'warm-rule':
    case 'set-attributes':
    case 'set-ingress':
    case 'set-certificates':
    case 'set-priorities':
    case 'sync-targets':
    case 'tag':
    case 'delete':
      return undefined;
    default:
      return step satisfies never;
  }
}

function portOf({ resources }: Model, carrier: Carrier): number {
  if (carrier.kind === 'listener') return carrier.spec.port;
  const found = resources.find(({ id }) => id === carrier.listener);
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
