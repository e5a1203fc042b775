// Resolves one route: its attachments and rules. A change of one route costs what this route costs: the results of the others are
// remembered, and hold as long as all that they were made from is the same.
import type { ServedRoute } from '../api/route-kinds.ts';
import { frozen, type ObjectKey } from '../kube/object.ts';
import { attach, type Parents, routeHostnames } from './attachment.ts';
import type { PoliciesResolved } from './backend-tls.ts';
import { resolveConnectionRules } from './connection-rules.ts';
import { resolveGrpcRules } from './grpc-rules.ts';
import type { GatewayInput } from './input.ts';
import { compareRoutes } from './precedence.ts';
import type { Problem, Report } from './problem.ts';
import { noting, Reads } from './reads.ts';
import { remembered } from './remembered.ts';
import { routeRef } from './route-id.ts';
import { reencrypts, terminatingListeners } from './route-policies.ts';
import type { RouteContext } from './rule-context.ts';
import { resolveHttpRules } from './rules.ts';
import type { Attachment, RouteTopology, RuleTopology } from './topology.ts';

export interface ResolvedRoute {
  readonly topology: RouteTopology;
  readonly attachments: readonly Attachment[];
  readonly problems: readonly Problem[];
  /** Whether BackendTLSPolicies apply to its backends. */
  readonly reencrypts: boolean;
}

interface Remembered {
  readonly parents: string;
  readonly reads: Reads;
  readonly resolved: ResolvedRoute;
}

/** By Gateway, because a route may belong to several. */
const results = new WeakMap<ServedRoute, Map<ObjectKey, Remembered>>();

/** Resolves the routes of one Gateway. */
export function routeResolver(input: PoliciesResolved, parents: Parents): (route: ServedRoute) => ResolvedRoute {
  const terminating = terminatingListeners([...parents.listeners.values()].flat());
  return (route) => {
    const known = results.get(route)?.get(parents.gateway);
    if (known?.parents === parents.version && known.reads.areSame(input)) return known.resolved;
    const reads = new Reads();
    const resolved = resolveRoute(route, noting(input, reads), { ...parents, terminating });
    if (!Object.isFrozen(route)) return resolved;
    const byGateway = results.get(route) ?? new Map<ObjectKey, Remembered>();
    results.set(route, byGateway.set(parents.gateway, { parents: parents.version, reads, resolved }));
    return resolved;
  };
}

function resolveRoute(
  route: ServedRoute,
  input: PoliciesResolved,
  parents: Parents & { readonly terminating: ReadonlySet<string> },
): ResolvedRoute {
  const problems: Problem[] = [];
  const report: Report = (problem) => void problems.push(problem);
  const attachments = attach(route, { ...parents, namespaces: input.namespaces }, report);
  const toTls = reencrypts(route, attachments, parents.terminating);
  const rules = resolveRules(route, { input, report, reencrypts: toTls });
  return frozen({ topology: routeTopology(route, rules), attachments, problems, reencrypts: toTls });
}

/** Resolves the rules of each kind of route. */
function resolveRules(route: ServedRoute, context: RouteContext): readonly RuleTopology[] {
  switch (route.kind) {
    case 'HTTPRoute':
      return resolveHttpRules(route, context);
    case 'GRPCRoute':
      return resolveGrpcRules(route, context);
    case 'TLSRoute':
    case 'TCPRoute':
    case 'UDPRoute':
      return resolveConnectionRules(route, context);
    default:
      return route satisfies never;
  }
}

function routeTopology(route: ServedRoute, rules: RouteTopology['rules']): RouteTopology {
  const { creationTimestamp } = route.metadata;
  const unread = route.fault?.isLast === false;
  return {
    route: routeRef(route),
    ...(creationTimestamp !== undefined && { created: creationTimestamp }),
    hostnames: routeHostnames(route).filter((hostname) => hostname !== undefined),
    rules: unread ? [] : rules,
    ...(unread && { unread }),
  };
}

const refOf = remembered(routeRef);

/** The routes in ascending order. */
export const inKeyOrder = ({ routes }: GatewayInput): GatewayInput['routes'] =>
  routes
    .map((route) => ({ route, ref: refOf(route) }))
    .toSorted((a, b) => compareRoutes(a.ref, b.ref))
    .map(({ route }) => route);
