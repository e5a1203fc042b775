// One rule of a route: its matches, each with what becomes of a request that it matches.
import type { HttpRoute, HttpRouteMatch, HttpRouteRule } from '../api/gateway-api.ts';
import type { LoadBalancerSettings } from '../api/load-balancer-configuration.ts';
import { routeRef } from './attachment.ts';
import { resolveBackends } from './backends.ts';
import { type RuleFilters, redirectOf, resolveFilters, rewriteOf } from './filters.ts';
import type { GatewayInput } from './input.ts';
import { areSupported, normalizedMatches } from './matches.ts';
import type { Report, RulePlace } from './problem.ts';
import { namespaceOf } from './references.ts';
import type { Capabilities, RouteAction, TopologyBackend } from './topology.ts';

export interface ResolvedRule {
  /** The index in the route. */
  readonly rule: number;
  readonly name: string | undefined;
  /** In the rule's order. */
  readonly matches: readonly { readonly match: HttpRouteMatch; readonly action: RouteAction }[];
}

export interface RuleContext {
  readonly input: GatewayInput;
  readonly capabilities: Capabilities;
  /** Undefined while the settings are not known. */
  readonly settings: Pick<LoadBalancerSettings, 'targetType' | 'ipAddressType'> | undefined;
  /** The route's. */
  readonly namespace: string;
  /** From a path below the rule. */
  readonly place: (field: string) => RulePlace;
  readonly report: Report;
}

/** Those that the data plane can express; each other one is reported and left out. */
export function resolveRules(
  route: HttpRoute,
  context: Pick<RuleContext, 'input' | 'capabilities' | 'settings' | 'report'>,
): readonly ResolvedRule[] {
  return (route.spec.rules ?? []).flatMap((rule, index) => {
    const place = (field: string): RulePlace => ({ route: routeRef(route), rule: index, field });
    const matches = resolveRule(rule, { ...context, namespace: namespaceOf(route), place });
    return matches === undefined ? [] : [{ rule: index, name: rule.name, matches }];
  });
}

/** Everything is checked, also after something was found wrong: a user wants to read all of it at once. */
function resolveRule(rule: HttpRouteRule, context: RuleContext): ResolvedRule['matches'] | undefined {
  const backends = resolveBackends(rule.backendRefs ?? [], context);
  const matches = normalizedMatches(rule);
  const filters = resolveFilters(rule, context);
  const expressible = [areSupported(matches, context), hasOnlySupportedFields(rule, context)];
  if (filters === undefined || expressible.includes(false)) return undefined;
  return matches.map((match) => ({ match, action: actionOf(filters, backends, match) }));
}

/** What silently did nothing would be worse than a rule left out: a retry, say, or a deadline that others rely on. */
function hasOnlySupportedFields(rule: HttpRouteRule, { place, report }: RuleContext): boolean {
  const fields = (['timeouts', 'retry', 'sessionPersistence'] as const).filter((field) => rule[field] !== undefined);
  for (const field of fields) report({ ...place(field), kind: 'rule-field-unsupported' });
  return fields.length === 0;
}

function actionOf(
  { redirect, rewrite }: RuleFilters,
  backends: readonly TopologyBackend[],
  match: HttpRouteMatch,
): RouteAction {
  if (redirect !== undefined) return { kind: 'redirect', redirect: redirectOf(redirect, match) };
  // Gateway API: no backends at all, none with a weight, and none that is valid, all answer 500.
  if (!backends.some(({ service, weight }) => service !== undefined && weight > 0)) {
    return { kind: 'respond', statusCode: 500 };
  }
  return { kind: 'forward', backends, ...(rewrite !== undefined && { rewrite: rewriteOf(rewrite, match) }) };
}
