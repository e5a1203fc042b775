// What a rule does with a request, as an ALB's action and the target groups that it needs.

import type { BackendService } from '../../gateway/backend-service.ts';
import type { TopologyBackend } from '../../gateway/route-action.ts';
import { withoutBackends } from '../../gateway/shortfalls.ts';
import type { PortTopology, RouteEntry } from '../../gateway/topology.ts';
import { portShortfalls } from './backends.ts';
import type { ModelContext } from './context.ts';
import type { AlbShortfall, Expressed } from './expressed.ts';
import { protocolOf } from './protocol.ts';
import { redirectAction } from './redirects.ts';
import type { ResourceId, RuleAction, RuleTransform, TargetGroupResource } from './resources.ts';
import { emptyTargetGroup, targetGroup } from './target-groups.ts';
import { ruleTransforms } from './transforms.ts';

/** load-balancer-limits.html: target groups per action. */
const MAX_TARGET_GROUPS = 5;
const MAX_WEIGHT = 999;

export interface RuleBehaviour {
  readonly action: RuleAction;
  readonly transforms: readonly RuleTransform[];
  readonly targetGroups: readonly TargetGroupResource[];
}

export function fixedResponse(statusCode: number): RuleAction {
  return { kind: 'fixed-response', statusCode: String(statusCode), contentType: 'text/plain', body: '' };
}

export function ruleBehaviour(context: ModelContext, port: PortTopology, entry: RouteEntry): Expressed<RuleBehaviour> {
  const { action, source } = entry;
  if (action.kind !== 'forward' || source.kind !== 'rule') return behaviourOf(context, port, entry);
  const unfit = action.backends.flatMap((backend) => portShortfalls(port, backend));
  const lost = new Set(unfit.map(({ index }) => index));
  const served = { ...entry, action: withoutBackends(action, lost, source.route) };
  const { shortfalls, ...behaviour } = behaviourOf(context, port, served);
  return { ...behaviour, shortfalls: [...unfit.map(({ shortfall }) => shortfall), ...shortfalls] };
}

function behaviourOf(context: ModelContext, port: PortTopology, entry: RouteEntry): Expressed<RuleBehaviour> {
  const { action, source } = entry;
  switch (action.kind) {
    case 'forward': {
      const isGrpc = source.kind === 'rule' && source.route.kind === 'GRPCRoute';
      const forward = forwardAction(context, action.backends, isGrpc);
      const transforms = ruleTransforms(action.rewrite, entry.match);
      const shortfalls = [...forward.shortfalls, ...transforms.shortfalls];
      if (forward.value === undefined || transforms.value === undefined) return { shortfalls };
      return { value: { ...forward.value, transforms: transforms.value }, shortfalls };
    }
    case 'redirect': {
      const { value, shortfalls } = redirectAction(
        action.redirect,
        { port: port.port, protocol: protocolOf(port) },
        entry,
      );
      return value === undefined ? { shortfalls } : { value: only(value), shortfalls };
    }
    case 'respond':
      return { value: only(fixedResponse(action.statusCode)), shortfalls: [] };
    default:
      return action satisfies never;
  }
}

export const only = (action: RuleAction): RuleBehaviour => ({ action, transforms: [], targetGroups: [] });

function forwardAction(
  context: ModelContext,
  backends: readonly TopologyBackend[],
  isGrpc: boolean,
): Expressed<WeightedForward> {
  const forward = weightedForward(backends, (service) =>
    service === undefined ? emptyTargetGroup(context, isGrpc) : targetGroup(context, service),
  );
  // GRPCRoute: UNAVAILABLE, and to gRPC clients a 503 means that.
  if (forward.value === undefined || isGrpc) return forward;
  const shortfalls = backends.flatMap(({ service, weight, index }): readonly AlbShortfall[] =>
    service === undefined && weight > 0 ? [{ kind: 'invalid-share-answers-503', field: `backendRefs[${index}]` }] : [],
  );
  return { ...forward, shortfalls };
}

export type WeightedForward = Omit<RuleBehaviour, 'transforms'>;

/**
 * A backend without weight stays in the action, so that its targets are known to be healthy before it gets some.
 * @param backends of which at least one is valid and has weight.
 * @param groupOf of a backend; of undefined, that of invalid ones
 */
export function weightedForward(
  backends: readonly TopologyBackend[],
  groupOf: (service: BackendService | undefined) => TargetGroupResource,
): Expressed<WeightedForward> {
  const shares = new Map<ResourceId, { readonly group: TargetGroupResource; weight: number }>();
  for (const { service, weight } of backends) {
    if (service === undefined && weight === 0) continue;
    const group = groupOf(service);
    const share = shares.get(group.id) ?? { group, weight: 0 };
    share.weight += weight;
    shares.set(group.id, share);
  }
  if (shares.size > MAX_TARGET_GROUPS) {
    return {
      shortfalls: [{ kind: 'too-many-backends', field: 'backendRefs', count: shares.size, limit: MAX_TARGET_GROUPS }],
    };
  }
  const list = [...shares.values()];
  const scale = scaledWeight(Math.max(...list.map(({ weight }) => weight)));
  const targetGroups = list.map(({ group, weight }) => ({ targetGroup: group.id, weight: scale(weight) }));
  return {
    value: { action: { kind: 'forward', targetGroups }, targetGroups: list.map(({ group }) => group) },
    shortfalls: [],
  };
}

/** AWS's weights end at 999; a share that is not nothing stays so. */
function scaledWeight(largest: number): (weight: number) => number {
  if (largest <= MAX_WEIGHT) return (weight) => weight;
  return (weight) => (weight === 0 ? 0 : Math.max(1, Math.round((weight * MAX_WEIGHT) / largest)));
}
