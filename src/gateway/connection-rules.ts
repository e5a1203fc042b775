// The rules of a TLSRoute, a TCPRoute or a UDPRoute: they take whatever comes to the route, and forward it.
import { type ConnectionRoute, connectionRules } from '../api/route-kinds.ts';
import type { RulePlace } from './problem-place.ts';
import { namespaceOf } from './references.ts';
import { routeRef } from './route-id.ts';
import { resolveBackends } from './rule-backends.ts';
import type { RouteContext } from './rule-context.ts';
import { forwardTo } from './rules.ts';
import type { RuleTopology } from './topology.ts';

export function resolveConnectionRules(route: ConnectionRoute, context: RouteContext): readonly RuleTopology[] {
  const ref = routeRef(route);
  return connectionRules(route).map((each, rule) => {
    const { name } = each;
    const place = (field: string): RulePlace => ({ route: ref, rule, field });
    const backends = resolveBackends(each, {
      ...context,
      route: ref,
      namespace: namespaceOf(route),
      place,
    });
    return {
      rule,
      ...(name !== undefined && { name }),
      matches: [],
      action: forwardTo({ backends }, ref),
      backends,
    };
  });
}
