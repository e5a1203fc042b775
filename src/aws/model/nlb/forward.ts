// The action of an NLB's listener: it forwards connections by weight.
import type { BackendService, IpFamily } from '../../../gateway/backend-service.ts';
import type { RouteAction } from '../../../gateway/route-action.ts';
import { type WeightedForward, weightedForward } from '../actions.ts';
import type { ModelContext } from '../context.ts';
import type { Expressed } from '../expressed.ts';
import { withinFamily } from './family.ts';
import type { NlbProtocol } from './protocol.ts';
import { nlbRemarks } from './remarks.ts';
import { nlbEmptyGroup, nlbTargetGroup } from './target-groups.ts';

/** @param protocol the listener's protocol. @param family that of the listener's targets */
export function nlbForward(
  context: ModelContext,
  protocol: NlbProtocol,
  family: IpFamily,
  action: RouteAction,
): Expressed<WeightedForward> {
  if (action.kind !== 'forward') return { value: unanswered(context, protocol, family), shortfalls: [] };
  const { backends, shortfalls: unfit } = withinFamily(action.backends, family);
  const { value, shortfalls } = weightedForward(backends, (service) =>
    service === undefined
      ? nlbEmptyGroup(context, protocol, family)
      : nlbTargetGroup(context, groupProtocol(protocol, service), family, service),
  );
  if (value === undefined) return { shortfalls };
  return { value, shortfalls: [...unfit, ...shortfalls, ...nlbRemarks(context, backends, value.targetGroups)] };
}

export function unanswered(context: ModelContext, protocol: NlbProtocol, family: IpFamily): WeightedForward {
  const group = nlbEmptyGroup(context, protocol, family);
  return { action: { kind: 'forward', targetGroups: [{ targetGroup: group.id, weight: 1 }] }, targetGroups: [group] };
}

/** A TLS listener encrypts again to its targets if the Service's appProtocol says TLS. AWS does not check certificates. */
function groupProtocol(listener: NlbProtocol, { appProtocol }: BackendService): NlbProtocol {
  if (listener !== 'TLS') return listener;
  return ['tls', 'https'].includes(appProtocol?.toLowerCase() ?? '') ? 'TLS' : 'TCP';
}
