// Deletes resources that the model does not have, after their replacements serve. It makes no calls for resources that AWS
// deletes by itself. Another pass deletes certificates, because Gateways share them.
import { isAnnounced, isComing } from '../handover.ts';
import { isOfNetwork } from '../model/naming.ts';
import type { ListenerResource, ResourceId, RuleResource, Tags } from '../model/resources.ts';
import { isNetworkLoadBalancer } from '../network-arn.ts';
import {
  type OwnedListener,
  type OwnedLoadBalancer,
  type OwnedRule,
  type OwnedTargetGroup,
  TAG,
  timeIn,
} from '../observed.ts';
import { type Draft, stepId } from './draft.ts';
import { forwardsOf } from './forwarding.ts';
import type { Handover } from './handover.ts';
import type { StepId } from './step.ts';
import { coldGroups, unprovenGroups } from './traffic.ts';

export interface Retirement extends Handover {
  /** The Gateway is being deleted: nothing is kept for a while, and nothing is replaced. */
  readonly whole: boolean;
  readonly rules: readonly RuleResource[];
  readonly listeners: readonly ListenerResource[];
  /** How long a target group is kept after the last reference to it is gone, in milliseconds. */
  readonly drain: number;
}

/** The steps that delete load balancers, by ARN. */
type Gone = Map<string, StepId>;

/** Called last, because it waits for the steps that are in the draft. */
export function retire(draft: Draft, retirement: Retirement): void {
  const made = draft.steps.filter(({ resource }) => !isBehindRule(draft, resource)).map(({ id }) => id);
  const replaced = retirement.whole || isReplaced(draft, retirement);
  const gone: Gone = new Map(
    draft.steps.flatMap((step) => (step.kind === 'delete' ? [[step.existing.arn, step.id] as const] : [])),
  );
  // AWS does not delete an ALB that is the target of an NLB. So the NLB goes first, and then the group between them.
  const { left } = draft.existing;
  const between = left.filter((group) => group.kind === 'target-group' && group.targetType === 'alb');
  const mayGo = (each: OwnedLoadBalancer) => !replaced || isHandedOver(draft, retirement, each);
  retireLoadBalancers(draft, { gone, replaced }, (each) => isNetworkLoadBalancer(each.arn) && mayGo(each));
  retireListeners(draft, retirement.whole, made);
  const freed = retireTargetGroups(draft, retirement, gone, (group) => between.includes(group));
  const isFree = replaced && freed.length === between.length;
  retireLoadBalancers(
    draft,
    { gone, replaced: isFree, after: freed },
    (each) => !isNetworkLoadBalancer(each.arn) && (!isFree || mayGo(each)),
  );
  retireTargetGroups(draft, retirement, gone, (group) => !between.includes(group));
  retireSecurityGroups(draft, gone);
}

/**
 * Whether the old load balancers may be deleted, because the new ones serve everything. If a namespace never stops changing,
 * it is enough that the new load balancers have each of its rules in some state.
 */
function isReplaced(draft: Draft, { rules, listeners: desired }: Retirement): boolean {
  if (!draft.existing.left.some(({ kind }) => kind === 'load-balancer')) return true;
  const { existing, order } = draft;
  const loadBalancers = [...existing.kept.values()].filter((kept) => kept.kind === 'load-balancer');
  const listeners = new Set(rules.map(({ listener }) => existing.kept.get(listener)?.arn ?? ''));
  const standing = new Set([...listeners].flatMap((arn) => existing.rules.get(arn) ?? []).map(({ id }) => id));
  // AWS takes minutes to register the targets of a new NLB. On a port that no old load balancer has, clients lose nothing.
  const ports = new Set(existing.left.flatMap((each) => (each.kind === 'listener' ? each.port : [])));
  const unproven = desired
    .filter(({ spec }) => ports.has(spec.port))
    .flatMap((listener) => unprovenGroups(existing, listener));
  const isReady =
    draft.steps.every(({ kind, resource }) => kind === 'tag' || isBehindRule(draft, resource)) &&
    draft.pending.every(({ kind, resource }) => kind === 'target-group-health' && order.isBehind(resource)) &&
    loadBalancers.every(({ state }) => state !== 'provisioning') &&
    rules.every(({ id }) => !order.isBehind(id) || standing.has(id)) &&
    rules.every((rule) => order.isBehind(rule.id) || coldGroups(existing, rule).length === 0);
  for (const resource of unproven) draft.await({ kind: 'target-group-health', resource });
  return isReady && unproven.length === 0;
}

interface Retiring {
  /** The function adds its own steps here. */
  readonly gone: Gone;
  readonly replaced: boolean;
  readonly after?: readonly StepId[];
}

/** AWS deletes a load balancer's listeners and rules with it. */
function retireLoadBalancers(
  draft: Draft,
  { gone, replaced, after = [] }: Retiring,
  these: (loadBalancer: OwnedLoadBalancer) => boolean,
): void {
  for (const left of draft.existing.left) {
    if (left.kind !== 'load-balancer' || gone.has(left.arn) || !these(left)) continue;
    if (replaced) gone.set(left.arn, draft.remove(left, after));
    else draft.await({ kind: 'replacement', resource: left.id });
  }
}

/**
 * Whether a load balancer has served long enough after another one became the Gateway's address. Clients still use the old
 * address for a while. The start time is in a tag, because a restart must not begin it again. An ALB that another ALB replaces
 * is deleted at once, and so is an NLB that was never the address.
 */
function isHandedOver(
  draft: Draft,
  { whole, now, handover, announced }: Retirement,
  loadBalancer: OwnedLoadBalancer,
): boolean {
  const { arn, id, tags } = loadBalancer;
  const kept = [...draft.existing.kept.values()].filter((each) => each.kind === 'load-balancer');
  if (whole || isComing(loadBalancer) || ![arn, ...kept.map((each) => each.arn)].some(isNetworkLoadBalancer))
    return true;
  const isMoved =
    announced === undefined ||
    (!isAnnounced(announced, loadBalancer) &&
      (TAG.replaced in tags || kept.some((each) => isAnnounced(announced, each))));
  if (!isMoved) {
    // Clients came back, for example because the new load balancer failed. So the time begins again when they leave.
    if (TAG.replaced in tags) tagReplaced(draft, loadBalancer, { remove: [TAG.replaced] });
    draft.await({ kind: 'replacement', resource: id });
    return false;
  }
  const replacedAt = timeIn(tags[TAG.replaced]);
  const since = replacedAt ?? now;
  if (now - since >= handover) return true;
  if (replacedAt === undefined) tagReplaced(draft, loadBalancer, { add: { [TAG.replaced]: String(now) } });
  draft.await({ kind: 'drain', resource: id, at: since + handover });
  return false;
}

function tagReplaced(
  draft: Draft,
  { id, arn }: OwnedLoadBalancer,
  change: { readonly add?: Tags; readonly remove?: readonly string[] },
): void {
  draft.add({ kind: 'tag', id: stepId('tag', id), after: [], resource: id, arn, add: {}, remove: [], ...change });
}

/** A rule that may wait forever, because its namespace never stops changing. */
const isBehindRule = ({ order }: Draft, resource: ResourceId): boolean =>
  resource.startsWith('rule/') && order.isBehind(resource);

function retireListeners(draft: Draft, whole: boolean, made: readonly StepId[]): void {
  const { kept, left, loadBalancers } = draft.existing;
  const standing = new Set([...kept.values()].map(({ arn }) => arn));
  for (const listener of left) {
    if (listener.kind !== 'listener') continue;
    const orphan = whole && !loadBalancers.has(listener.loadBalancerArn);
    if (orphan || standing.has(listener.loadBalancerArn)) draft.remove(listener, [], made);
  }
}

/**
 * A group is kept for a while after the last reference to it is gone, because requests may be in flight. If its load balancer
 * is deleted, the group waits only until AWS no longer refuses the deletion. One group of the load balancer, the one in use
 * last, tries that first, and the other groups wait for it.
 * @returns the steps that delete these groups
 */
function retireTargetGroups(
  draft: Draft,
  { whole, now, drain }: Retirement,
  gone: Gone,
  these: (group: OwnedTargetGroup) => boolean,
): readonly StepId[] {
  const steps: StepId[] = [];
  let canary: StepId | undefined;
  const groups = draft.existing.left
    .filter((group) => group.kind === 'target-group')
    .filter(these)
    .map((group) => ({ group, holders: holdersOf(draft, group) }));
  const lastUse = ({ group, holders }: (typeof groups)[number]) =>
    holders.length > 0 ? now : (group.unusedSince ?? now);
  for (const { group, holders } of groups.toSorted((a, b) => lastUse(b) - lastUse(a))) {
    if (whole || (holders.length > 0 && holders.every((arn) => gone.has(arn)))) {
      const step = draft.remove(group, canary === undefined ? [...gone.values()] : [canary]);
      canary ??= step;
      steps.push(step);
      continue;
    }
    const at = (holders.length > 0 ? now : (group.unusedSince ?? now)) + drain;
    if (holders.length === 0 && at <= now) steps.push(draft.remove(group, []));
    else draft.await({ kind: 'drain', resource: group.id, at });
  }
  return steps;
}

/** ARNs of the load balancers that forward to the group. An empty string means an unknown load balancer. */
function holdersOf(draft: Draft, { arn: group }: OwnedTargetGroup): string[] {
  const { rules, listeners } = draft.existing;
  return [
    ...[...rules.entries()]
      .filter(([, each]) => each.some((rule) => forwardsTo(rule, group)))
      .map(([listener]) => listeners.get(listener)?.loadBalancerArn ?? ''),
    ...[...listeners.values()]
      .filter((listener) => forwardsTo(listener, group))
      .map(({ loadBalancerArn }) => loadBalancerArn),
  ];
}

const forwardsTo = (each: OwnedRule | OwnedListener, group: string): boolean =>
  forwardsOf(each).some(({ arn }) => arn === group);

/**
 * Deletes security groups after the load balancers that carry them, because AWS refuses before that. They also wait for rules
 * that name them: the group of an ALB admits the group of the NLB in front.
 */
function retireSecurityGroups(draft: Draft, gone: Gone): void {
  const changed = draft.steps.filter(
    ({ kind, ...step }) =>
      kind === 'set-ingress' || (kind === 'change' && 'desired' in step && step.desired.kind === 'load-balancer'),
  );
  const { left } = draft.existing;
  const waitsForReplacement = left.some(({ kind, arn }) => kind === 'load-balancer' && !gone.has(arn));
  const groups = left.filter(({ kind }) => kind === 'security-group');
  const removed: StepId[] = [];
  for (const group of groups.toSorted((a, b) => Number(isOfNetwork(a.id)) - Number(isOfNetwork(b.id)))) {
    if (waitsForReplacement) {
      // Skipped for an NLB's group: the NLB itself is pending until it can be deleted.
      if (!isOfNetwork(group.id)) draft.await({ kind: 'replacement', resource: group.id });
    } else {
      const before = isOfNetwork(group.id) ? removed : [];
      removed.push(draft.remove(group, [...gone.values(), ...changed.map(({ id }) => id), ...before]));
    }
  }
}
