// One rule of a route: its matches, and what becomes of a request that one of them takes.
import type { HttpRoute, HttpRouteRule } from '../api/gateway-api.ts';
import { routeRef } from './attachment.ts';
import { resolveBackends } from './backends.ts';
import { type RuleFilters, redirectOf, resolveFilters, rewriteOf } from './filters.ts';
import { normalizedMatches } from './matches.ts';
import type { RulePlace } from './problem-place.ts';
import { namespaceOf } from './references.ts';
import type { RuleContext } from './rule-context.ts';
import type { RouteAction, RuleTopology, TopologyBackend } from './topology.ts';

/** All of them: one that asks for what the data plane can't do with a request is reported, and answers 500. */
export function resolveRules(
  route: HttpRoute,
  context: Pick<RuleContext, 'input' | 'capabilities' | 'settings' | 'report'>,
): readonly RuleTopology[] {
  return (route.spec.rules ?? []).map((rule, index) => {
    const place = (field: string): RulePlace => ({ route: routeRef(route), rule: index, field });
    const action = resolveAction(rule, { ...context, namespace: namespaceOf(route), place });
    return {
      rule: index,
      ...(rule.name !== undefined && { name: rule.name }),
      matches: normalizedMatches(rule),
      action,
    };
  });
}

/** Everything is checked, also after something was found wrong: a user wants to read all of it at once. */
function resolveAction(rule: HttpRouteRule, context: RuleContext): RouteAction {
  const backends = resolveBackends(rule.backendRefs ?? [], context);
  const filters = resolveFilters(rule, context);
  const supported = hasOnlySupportedFields(rule, context);
  // HTTPRouteFilter: a filter must not be skipped; "requests that would have been processed by that filter MUST receive a
  // HTTP error response".
  return filters === undefined || !supported ? { kind: 'respond', statusCode: 500 } : actionOf(filters, backends);
}

/** What silently did nothing would be worse than an error: a retry, say, or a deadline that others rely on. */
function hasOnlySupportedFields(rule: HttpRouteRule, { place, report }: RuleContext): boolean {
  const fields = (['timeouts', 'retry', 'sessionPersistence'] as const).filter((field) => rule[field] !== undefined);
  for (const field of fields) report({ ...place(field), kind: 'rule-field-unsupported' });
  return fields.length === 0;
}

function actionOf({ redirect, rewrite }: RuleFilters, backends: readonly TopologyBackend[]): RouteAction {
  if (redirect !== undefined) return { kind: 'redirect', redirect: redirectOf(redirect) };
  // Gateway API: no backends at all, none with a weight, and none that is valid, all answer 500.
  if (!backends.some(({ service, weight }) => service !== undefined && weight > 0)) {
    return { kind: 'respond', statusCode: 500 };
  }
  return { kind: 'forward', backends, ...(rewrite !== undefined && { rewrite: rewriteOf(rewrite) }) };
}
