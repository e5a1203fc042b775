// The rules of an HTTPRoute: which requests each rule matches, and what happens to them.

import type { GrpcRoute, HttpRoute, HttpRouteRule } from '../api/gateway-api.ts';
import { filterNeeds, redirectOf, resolveFilters, rewriteOf } from './filters.ts';
import { requestMatches } from './matches.ts';
import { resolveMirrors } from './mirrors.ts';
import type { RouteRef, RulePlace } from './problem-place.ts';
import { namespaceOf } from './references.ts';
import type { Forward, RouteAction, TopologyBackend } from './route-action.ts';
import { routeRef } from './route-id.ts';
import { resolveBackends } from './rule-backends.ts';
import type { RouteContext, RuleContext } from './rule-context.ts';
import { retryOf, timeoutsOf } from './timeouts.ts';
import type { RequestMatch, RuleNeed, RuleTopology } from './topology.ts';

/** All rules of the route. An invalid rule is reported, and answers 500. */
export const resolveHttpRules = (route: HttpRoute, context: RouteContext): readonly RuleTopology[] =>
  (route.spec.rules ?? []).map((rule, index) => resolveRule(route, { ...rule, index }, requestMatches(rule), context));

/** What the rules of an HTTPRoute and of a GRPCRoute have in common. */
type RequestRule = Omit<HttpRouteRule, 'matches'>;

export function resolveRule(
  route: HttpRoute | GrpcRoute,
  rule: RequestRule & { readonly index: number },
  matches: readonly RequestMatch[],
  context: RouteContext,
): RuleTopology {
  const { index, name } = rule;
  const ref = routeRef(route);
  const place = (field: string): RulePlace => ({ route: ref, rule: index, field });
  const inRule = { ...context, route: ref, namespace: namespaceOf(route), place };
  const backends = resolveBackends(rule, inRule);
  const needs = [...filterNeeds(rule), ...fieldNeeds(rule)];
  return {
    rule: index,
    ...(name !== undefined && { name }),
    matches,
    action: resolveAction(rule, matches, backends, inRule),
    backends,
    ...(needs.length > 0 && { needs }),
  };
}

const fieldNeeds = (rule: RequestRule): readonly RuleNeed[] =>
  (['timeouts', 'retry', 'sessionPersistence'] as const).flatMap((field) =>
    rule[field] === undefined ? [] : { kind: 'field' as const, field },
  );

function resolveAction(
  rule: RequestRule,
  matches: readonly RequestMatch[],
  backends: readonly TopologyBackend[],
  context: RuleContext,
): RouteAction {
  const filters = resolveFilters(rule, matches, context);
  // HTTPRouteFilter: a filter must not be skipped: "requests that would have been processed by that filter MUST receive a
  // HTTP error response".
  if (filters === undefined) return { kind: 'respond', statusCode: 500 };
  const { redirect, rewrite, ...others } = filters;
  if (redirect !== undefined) {
    const { responseHeaders, cors } = others;
    return {
      kind: 'redirect',
      redirect: redirectOf(redirect),
      ...(responseHeaders && { responseHeaders }),
      ...(cors && { cors }),
    };
  }
  const mirrors = resolveMirrors(rule.filters ?? [], context, 'filters');
  const timeouts = timeoutsOf(rule);
  const retry = retryOf(rule);
  const forward = {
    backends,
    ...(rewrite && { rewrite: rewriteOf(rewrite) }),
    ...others,
    ...(mirrors.length > 0 && { mirrors }),
    ...(timeouts && { timeouts }),
    ...(retry && { retry }),
  };
  return forwardTo(forward, context.route);
}

/** Gateway API: a rule answers an error if it has no backend that is valid and has a weight. */
export function forwardTo(forward: Omit<Forward, 'kind'>, route: Pick<RouteRef, 'kind'>): RouteAction {
  if (!forward.backends.some(({ service, weight }) => service !== undefined && weight > 0)) {
    return { kind: 'respond', statusCode: withoutBackend(route) };
  }
  return { kind: 'forward', ...forward };
}

/** HTTPRoute: 500. GRPCRoute: UNAVAILABLE, and to gRPC clients a 503 means that. */
export const withoutBackend = ({ kind }: Pick<RouteRef, 'kind'>): 500 | 503 => (kind === 'GRPCRoute' ? 503 : 500);
