import type { ListenerResource, Model, RuleResource } from '../model/resources.ts';
import type { Observed, OwnedRule } from '../observed.ts';
import { Draft } from './draft.ts';
import { type Existing, indexExisting } from './existing.ts';
import { handOver } from './handover.ts';
import { Order } from './order.ts';
import { planResource } from './resources.ts';
import { retire } from './retire.ts';
import { planRules } from './rules.ts';
import type { Plan } from './step.ts';

export interface DiffOptions {
  /** The account's quota of rules per load balancer, default rules left out. */
  readonly rulesPerLoadBalancer?: number;
  /** How long a target group is kept after the last forward to it has ended, in milliseconds. */
  readonly drain?: number;
  /** How long a load balancer still serves after another one has become the Gateway's address, in milliseconds. */
  readonly handover?: number;
  /** Namespaces whose steps were recalled last time. Steps of other namespaces do not wait for these steps. */
  readonly behind?: ReadonlySet<string>;
}

/**
 * The steps that turn the existing resources into the desired ones. Each step names the steps that it waits for. Without a
 * model the Gateway is being deleted: all its resources go, except certificates, which Gateways share.
 *
 * The same input gives the same plan, in whatever order AWS listed the resources.
 */
export function diff(model: Model | undefined, observed: Observed, options: DiffOptions = {}): Plan {
  const { rulesPerLoadBalancer = 100, drain = 300_000, handover = 600_000, behind = new Set<string>() } = options;
  const existing = indexExisting(model, observed);
  const resources = model?.resources ?? [];
  const rules = resources.filter((resource) => resource.kind === 'rule');
  const draft = new Draft(existing, resources, new Order(observed.owner, behind));
  for (const resource of resources) if (resource.kind !== 'rule') planResource(draft, resource);
  const listeners = resources.filter((resource) => resource.kind === 'listener');
  planListeners(draft, listeners, rules, rulesPerLoadBalancer);
  const loadBalancers = resources.filter((resource) => resource.kind === 'load-balancer');
  const { now, announced } = observed;
  handOver(draft, loadBalancers, listeners, { now, handover, announced });
  retire(draft, { whole: model === undefined, rules, listeners, now, drain, handover, announced });
  return {
    steps: draft.steps,
    existing: new Map([...existing.kept].map(([id, { arn }]) => [id, arn])),
    pending: draft.pending,
  };
}

function planListeners(
  draft: Draft,
  listeners: readonly ListenerResource[],
  rules: readonly RuleResource[],
  quota: number,
): void {
  const byListener = Map.groupBy(rules, (rule) => rule.listener);
  const room = new Map<string, number>();
  for (const listener of listeners) {
    const desired = byListener.get(listener.id) ?? [];
    const present = presentRules(draft.existing, listener);
    const left = room.get(listener.loadBalancer) ?? quota - countRules(draft.existing, listener);
    room.set(listener.loadBalancer, left - planRules(draft, { listener, desired, present, room: left }));
  }
}

function presentRules(existing: Existing, listener: ListenerResource): readonly OwnedRule[] {
  return existing.rules.get(existing.kept.get(listener.id)?.arn ?? '') ?? [];
}

/** The rules that the listener's load balancer has now. */
function countRules(existing: Existing, listener: ListenerResource): number {
  const arn = existing.kept.get(listener.loadBalancer)?.arn;
  return [...existing.listeners.values()]
    .filter(({ loadBalancerArn }) => loadBalancerArn === arn)
    .reduce((count, { arn: each }) => count + (existing.rules.get(each)?.length ?? 0), 0);
}
