// The reasons why a Gateway's load balancer cannot use some targets, as problems of the routes that send requests there.

import type { RouteRef, RuleRef } from '../../gateway/problem-place.ts';
import { type RouteId, routeId } from '../../gateway/route-id.ts';
import { forwardReferences } from '../diff/references.ts';
import type { Model, Resource, RuleAction } from '../model/resources.ts';
import type { Problem } from '../problem.ts';
import type { TargetTrouble } from '../rule-problem.ts';
import type { Binding } from '../targets/bindings.ts';
import type { TargetTroubles } from '../targets/target-troubles.ts';

export interface Unreachable {
  readonly problems: readonly Problem[];
  /** Whether a route has targets that no pass has looked at yet. */
  readonly isUnknown: (route: RouteRef) => boolean;
}

/**
 * @param model absent if nothing is to be changed. Then the targets of each route are unknown
 * @param bindings the Gateway's target groups that exist
 */
export function unreachable(
  model: Model | undefined,
  bindings: readonly Binding[],
  troubles: Pick<TargetTroubles, 'of'>,
): Unreachable {
  if (model === undefined) return { problems: [], isUnknown: () => true };
  const byGroup = new Map(bindings.map((binding) => [binding.group.id, binding]));
  const problems = new Map<string, Problem>();
  const unknown = new Set<RouteId>();
  for (const { action, sources } of model.resources.flatMap(forwarded)) {
    for (const id of forwardReferences(action)) {
      const met = metOf(byGroup.get(id), troubles);
      for (const source of sources) {
        if (met === undefined) unknown.add(routeId(source.route));
        for (const [index, trouble] of (met ?? []).entries()) {
          const problem: Problem = { ...trouble, ...source, field: 'backendRefs' };
          problems.set(`${routeId(source.route)} ${source.rule} ${id} ${index}`, problem);
        }
      }
    }
  }
  return { problems: [...problems.values()], isUnknown: (route) => unknown.has(routeId(route)) };
}

interface Forwarded {
  readonly action: RuleAction;
  readonly sources: readonly RuleRef[];
}

/** A rule forwards requests. An NLB has no rules: its listener forwards connections. */
function forwarded(resource: Resource): Forwarded | [] {
  if (resource.kind === 'rule') return { action: resource.spec.action, sources: resource.sources };
  return resource.kind === 'listener' ? { action: resource.spec.defaultAction, sources: resource.sources ?? [] } : [];
}

function metOf(
  binding: Binding | undefined,
  troubles: Pick<TargetTroubles, 'of'>,
): readonly TargetTrouble[] | undefined {
  if (binding === undefined) return undefined;
  // A group that answers for invalid backends never has a target.
  return binding.group.backend === undefined ? [] : troubles.of(binding.arn);
}
