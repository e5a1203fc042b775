// The rules of an HTTPRoute: which requests each rule matches, and what happens to them.

import type { HttpRoute, HttpRouteRule } from '../api/gateway-api.ts';
import { resolveBackends } from './backends.ts';
import { filterNeeds, redirectOf, resolveFilters, rewriteOf } from './filters.ts';
import { requestMatches } from './matches.ts';
import type { RulePlace } from './problem-place.ts';
import { namespaceOf } from './references.ts';
import { routeRef } from './route-id.ts';
import type { RuleContext } from './rule-context.ts';
import type { Rewrite, RouteAction, RuleNeed, RuleTopology, TopologyBackend } from './topology.ts';

/** All rules of the route. An invalid rule is reported, and answers 500. */
export function resolveHttpRules(
  route: HttpRoute,
  context: Pick<RuleContext, 'input' | 'report'>,
): readonly RuleTopology[] {
  const ref = routeRef(route);
  return (route.spec.rules ?? []).map((rule, index) => {
    const place = (field: string): RulePlace => ({ route: ref, rule: index, field });
    const inRule = { ...context, route: ref, namespace: namespaceOf(route), place };
    const backends = resolveBackends(rule, inRule);
    const needs = [...filterNeeds(rule), ...fieldNeeds(rule)];
    return {
      rule: index,
      ...(rule.name !== undefined && { name: rule.name }),
      matches: requestMatches(rule),
      action: resolveAction(rule, backends, inRule),
      backends,
      ...(needs.length > 0 && { needs }),
    };
  });
}

const fieldNeeds = (rule: HttpRouteRule): readonly RuleNeed[] =>
  (['timeouts', 'retry', 'sessionPersistence'] as const).flatMap((field) =>
    rule[field] === undefined ? [] : { kind: 'field' as const, field },
  );

function resolveAction(rule: HttpRouteRule, backends: readonly TopologyBackend[], context: RuleContext): RouteAction {
  const filters = resolveFilters(rule, context);
  // HTTPRouteFilter: a filter must not be skipped: "requests that would have been processed by that filter MUST receive a
  // HTTP error response".
  if (filters === undefined) return { kind: 'respond', statusCode: 500 };
  const { redirect, rewrite } = filters;
  if (redirect !== undefined) return { kind: 'redirect', redirect: redirectOf(redirect) };
  return forwardTo(backends, rewrite && rewriteOf(rewrite));
}

/** Gateway API: a rule answers 500 if it has no backend that is valid and has a weight. */
export function forwardTo(backends: readonly TopologyBackend[], rewrite: Rewrite | undefined): RouteAction {
  if (!backends.some(({ service, weight }) => service !== undefined && weight > 0)) {
    return { kind: 'respond', statusCode: 500 };
  }
  return { kind: 'forward', backends, ...(rewrite !== undefined && { rewrite }) };
}
