// AWS checks a target group's health only if something forwards to it. So a new group first joins the rule or listener of the
// serving group with weight 0. When it is ready, it gets its traffic.
import { isEmptyGroup } from '../model/naming.ts';
import type { ListenerResource, ResourceId, RuleResource } from '../model/resources.ts';
import type { Forward } from '../observed.ts';
import type { Draft } from './draft.ts';
import { stepId } from './draft.ts';
import type { Existing } from './existing.ts';
import { actionOf, type Forwarding, forwardsOf } from './forwarding.ts';

/** Target groups in one forward action: an AWS quota that cannot be raised. */
const TARGET_GROUPS_PER_ACTION = 5;

/** Whether it forwards as desired: to the current groups of the logical ids, and to no other groups. */
export function pointsWhereDesired(existing: Existing, { desired, owned }: Forwarding): boolean {
  const action = actionOf(desired);
  const wanted = action.kind === 'forward' ? action.targetGroups : [];
  const weights = new Map(forwardsOf(owned).map(({ arn, weight }) => [arn, weight]));
  // The weight of a single group has no meaning.
  const alone = wanted.length === 1;
  return (
    wanted.length === weights.size &&
    wanted.every(({ targetGroup, weight }) => {
      const present = weights.get(existing.kept.get(targetGroup)?.arn ?? '');
      return present !== undefined && (present === weight || (alone && present > 0 && weight > 0));
    })
  );
}

/**
 * Whether the rule or listener must stay as it is, because its new groups are not ready. If so, adds them with weight 0. It
 * does not wait if it serves nothing. If it has no room for all new groups, it waits for those with the largest weights.
 */
export function warmUp(draft: Draft, forwarding: Forwarding): boolean {
  const { desired, owned } = forwarding;
  const serving = forwardsOf(owned).filter(({ weight }) => weight > 0);
  const groups = serving.map(({ arn }) => draft.existing.targetGroups.get(arn));
  if (groups.every((group) => group !== undefined && isEmptyGroup(group.id))) return false;
  const arnOf = (id: ResourceId) => draft.existing.kept.get(id)?.arn;
  const cold = coldGroups(draft.existing, desired).filter((id) => !serving.some(({ arn }) => arn === arnOf(id)));
  const wanted = weightedGroups(desired);
  const joined = forwardsOf(owned).filter(({ arn, weight }) => weight === 0 && wanted.some((id) => arnOf(id) === arn));
  const stay = [...serving, ...joined];
  const hasJoined = (id: ResourceId) => joined.some(({ arn }) => arn === arnOf(id));
  const others = cold.filter((id) => !hasJoined(id));
  const joining = others.slice(0, TARGET_GROUPS_PER_ACTION - stay.length);
  const awaited = [...cold.filter(hasJoined), ...joining];
  if (awaited.length === 0) return false;
  const under = protocolOfBoth(draft, forwarding, { stay, joining });
  if (under === undefined) return false;
  if (joining.length > 0) {
    const id = stepId('warm', desired.id);
    const base = { id, after: draft.waitFor(joining), resource: desired.id, arn: owned.arn, serving: stay, joining };
    if (owned.kind === 'rule') draft.add({ kind: 'warm-rule', ...base });
    else draft.add({ kind: 'warm-listener', ...base, protocol: under });
  }
  for (const resource of awaited) draft.await({ kind: 'target-group-health', resource });
  return true;
}

/** By an NLB listener's protocol. docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html */
const takes: Readonly<Record<string, readonly string[]>> = {
  TCP: ['TCP', 'TCP_UDP'],
  UDP: ['UDP', 'TCP_UDP'],
  TCP_UDP: ['TCP_UDP'],
  TLS: ['TCP', 'TLS'],
};

/**
 * The protocol with which an NLB's listener accepts its old groups and the joining groups together. It is the listener's own
 * protocol or the desired one, for example when TCP_UDP becomes TCP. Undefined if neither works: then the listener changes at
 * once. The protocol of an ALB's listener does not matter.
 */
function protocolOfBoth(
  draft: Draft,
  { desired, owned }: Forwarding,
  { stay, joining }: { readonly stay: readonly Forward[]; readonly joining: readonly ResourceId[] },
): string | undefined {
  if (owned.kind === 'rule' || desired.kind === 'rule') return '';
  const specs = joining.flatMap((id) => draft.targetGroup(id)?.spec ?? []);
  const families = new Set(specs.map(({ ipAddressType }): string => ipAddressType));
  for (const { arn } of stay) families.add(draft.existing.targetGroups.get(arn)?.ipAddressType ?? 'ipv4');
  if (families.size > 1) return undefined;
  const own = takes[owned.protocol] ?? [];
  if (specs.every(({ protocol }) => own.includes(protocol))) return owned.protocol;
  const { protocol } = desired.spec;
  return owned.protocol === 'TCP_UDP' && (protocol === 'TCP' || protocol === 'UDP') ? protocol : undefined;
}

/** The groups that should serve, but are not ready. */
export const coldGroups = (existing: Existing, desired: RuleResource | ListenerResource): ResourceId[] =>
  unprovenGroups(existing, desired).filter((id) => {
    const group = existing.kept.get(id);
    return group?.kind !== 'target-group' || !group.serves;
  });

/** The groups that should serve, but may have no healthy target. If no check can pass, registered targets are enough. */
export function unprovenGroups(existing: Existing, desired: RuleResource | ListenerResource): ResourceId[] {
  return weightedGroups(desired).filter((id) => {
    const group = existing.kept.get(id);
    const known = group?.kind === 'target-group' ? group : undefined;
    return !(known?.proven === true || (known?.registered === true && existing.unchecked.has(id)));
  });
}

/** The groups that should serve, the largest weights first. */
function weightedGroups(desired: RuleResource | ListenerResource): readonly ResourceId[] {
  const action = actionOf(desired);
  const shares = action.kind === 'forward' ? action.targetGroups.filter(({ weight }) => weight > 0) : [];
  return shares.toSorted((a, b) => b.weight - a.weight).map(({ targetGroup }) => targetGroup);
}
