// The action of an NLB's listener: it forwards connections by weight.
import type { BackendService, RouteAction } from '../../../gateway/topology.ts';
import { type WeightedForward, weightedForward } from '../actions.ts';
import type { ModelContext } from '../context.ts';
import type { Expressed } from '../expressed.ts';
import type { NlbProtocol } from './protocol.ts';
import { nlbRemarks } from './remarks.ts';
import { nlbEmptyGroup, nlbTargetGroup } from './target-groups.ts';

/** @param protocol the listener's protocol */
export function nlbForward(
  context: ModelContext,
  protocol: NlbProtocol,
  action: RouteAction,
): Expressed<WeightedForward> {
  if (action.kind !== 'forward') return { value: unanswered(context, protocol), shortfalls: [] };
  const { value, shortfalls } = weightedForward(action.backends, (service) =>
    service === undefined
      ? nlbEmptyGroup(context, protocol)
      : nlbTargetGroup(context, groupProtocol(protocol, service), service),
  );
  if (value === undefined) return { shortfalls };
  return { value, shortfalls: [...shortfalls, ...nlbRemarks(context, action.backends, value.targetGroups)] };
}

export function unanswered(context: ModelContext, protocol: NlbProtocol): WeightedForward {
  const group = nlbEmptyGroup(context, protocol);
  return { action: { kind: 'forward', targetGroups: [{ targetGroup: group.id, weight: 1 }] }, targetGroups: [group] };
}

/** A TLS listener encrypts again to its targets if the Service's appProtocol says TLS. AWS does not check certificates. */
function groupProtocol(listener: NlbProtocol, { appProtocol }: BackendService): NlbProtocol {
  if (listener !== 'TLS') return listener;
  return ['tls', 'https'].includes(appProtocol?.toLowerCase() ?? '') ? 'TLS' : 'TCP';
}
