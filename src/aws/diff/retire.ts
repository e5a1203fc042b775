// Deletes what the model does not have, after its replacement serves, and without calls for what AWS deletes by itself.
// Certificates are shared by Gateways, so another pass deletes them.
import type { ResourceId, RuleResource } from '../model/resources.ts';
import type { OwnedTargetGroup } from '../observed.ts';
import type { Draft } from './draft.ts';
import type { StepId } from './step.ts';
import { coldGroups } from './traffic.ts';

export interface Retirement {
  /** The Gateway is being deleted: nothing rests, and nothing is replaced. */
  readonly whole: boolean;
  readonly rules: readonly RuleResource[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long a target group rests after the last reference to it, in milliseconds. */
  readonly drain: number;
}

/** Called last, because it waits for the steps that are in the draft. */
export function retire(draft: Draft, retirement: Retirement): void {
  const made = draft.steps.filter(({ resource }) => !isBehindRule(draft, resource)).map(({ id }) => id);
  const replaced = retirement.whole || isReplaced(draft, retirement.rules);
  const gone = retireLoadBalancers(draft, replaced);
  retireListeners(draft, retirement.whole, made);
  retireTargetGroups(draft, retirement, gone);
  retireSecurityGroups(draft, gone);
}

/**
 * Whether the old load balancers may go, because the new ones serve everything. For a namespace that never stops changing, it
 * is enough that the new ones have each of its rules in some state.
 */
function isReplaced(draft: Draft, rules: readonly RuleResource[]): boolean {
  const { existing, order } = draft;
  const loadBalancers = [...existing.kept.values()].filter((kept) => kept.kind === 'load-balancer');
  const listeners = new Set(rules.map(({ listener }) => existing.kept.get(listener)?.arn ?? ''));
  const standing = new Set([...listeners].flatMap((arn) => existing.rules.get(arn) ?? []).map(({ id }) => id));
  return (
    draft.steps.every(({ kind, resource }) => kind === 'tag' || isBehindRule(draft, resource)) &&
    draft.pending.every(({ kind, resource }) => kind === 'target-group-health' && order.isBehind(resource)) &&
    loadBalancers.every(({ state }) => state !== 'provisioning') &&
    rules.every(({ id }) => !order.isBehind(id) || standing.has(id)) &&
    rules.every((rule) => order.isBehind(rule.id) || coldGroups(existing, rule).length === 0)
  );
}

/** AWS deletes a load balancer's listeners and rules with it. Returns the steps by ARN, also of failed load balancers. */
function retireLoadBalancers(draft: Draft, replaced: boolean): ReadonlyMap<string, StepId> {
  const gone = new Map<string, StepId>();
  for (const step of draft.steps) if (step.kind === 'delete') gone.set(step.existing.arn, step.id);
  for (const left of draft.existing.left) {
    if (left.kind !== 'load-balancer' || gone.has(left.arn)) continue;
    if (replaced) gone.set(left.arn, draft.remove(left, []));
    else draft.await({ kind: 'replacement', resource: left.id });
  }
  return gone;
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
 * A group rests after its last rule is gone, because requests may be in flight. If its load balancer goes, it waits only for
 * AWS, which refuses until the load balancer is really gone. The first group finds that out, and the others wait for it.
 */
function retireTargetGroups(draft: Draft, { whole, now, drain }: Retirement, gone: ReadonlyMap<string, StepId>): void {
  let canary: StepId | undefined;
  for (const group of draft.existing.left) {
    if (group.kind !== 'target-group') continue;
    const holders = holdersOf(draft, group);
    if (whole || (holders.length > 0 && holders.every((arn) => gone.has(arn)))) {
      const step = draft.remove(group, canary === undefined ? [...gone.values()] : [canary]);
      canary ??= step;
      continue;
    }
    const at = (holders.length > 0 ? now : (group.unusedSince ?? now)) + drain;
    if (holders.length === 0 && at <= now) draft.remove(group, []);
    else draft.await({ kind: 'drain', resource: group.id, at });
  }
}

/** ARNs of the load balancers whose rules refer to the group. An empty string stands for an unknown one. */
function holdersOf(draft: Draft, group: OwnedTargetGroup): string[] {
  const { rules, listeners } = draft.existing;
  return [...rules.entries()]
    .filter(([, each]) => each.some((rule) => rule.targetGroups.some(({ arn }) => arn === group.arn)))
    .map(([listener]) => listeners.get(listener)?.loadBalancerArn ?? '');
}

/** After the load balancers that carry them, because AWS refuses before that. */
function retireSecurityGroups(draft: Draft, gone: ReadonlyMap<string, StepId>): void {
  const changed = draft.steps.filter((step) => step.kind === 'change' && step.desired.kind === 'load-balancer');
  const { left } = draft.existing;
  const waitsForReplacement = left.some(({ kind, arn }) => kind === 'load-balancer' && !gone.has(arn));
  for (const group of left) {
    if (group.kind !== 'security-group') continue;
    if (waitsForReplacement) draft.await({ kind: 'replacement', resource: group.id });
    else draft.remove(group, [...gone.values(), ...changed.map(({ id }) => id)]);
  }
}
