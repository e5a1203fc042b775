// The existing resources, compared with the model: the resource of each logical id, the resources that are left over, and the
// rules of each listener.
import type { Model, Resource, ResourceId } from '../model/resources.ts';
import type { Observed, OwnedListener, OwnedResource, OwnedRule, OwnedTargetGroup } from '../observed.ts';
import { forwardsOf } from './forwarding.ts';
import { hasHash } from './tags.ts';

/** Without rules, because these are matched by their content, too. */
export type KeptResource = Exclude<OwnedResource, OwnedRule>;

export interface Existing {
  /** The resource for each logical id of the model. */
  readonly kept: ReadonlyMap<ResourceId, KeptResource>;
  /** The resources that the model does not have, by ARN. */
  readonly left: readonly KeptResource[];
  /** By the ARN of their listener, ordered by priority. */
  readonly rules: ReadonlyMap<string, readonly OwnedRule[]>;
  readonly listeners: ReadonlyMap<string, OwnedListener>;
  /** ARNs. */
  readonly loadBalancers: ReadonlySet<string>;
  /** By ARN. */
  readonly targetGroups: ReadonlyMap<string, OwnedTargetGroup>;
  /** ARNs of the target groups that something forwards to. */
  readonly inUse: ReadonlySet<string>;
  /** The target groups of the model whose health AWS cannot check. */
  readonly unchecked: ReadonlySet<ResourceId>;
}

export function indexExisting(model: Model | undefined, observed: Observed): Existing {
  // Sorted, so that a plan does not depend on the order in which AWS lists resources.
  const all = observed.resources.toSorted((a, b) => (a.arn < b.arn ? -1 : 1));
  const rules = all.filter((resource) => resource.kind === 'rule').toSorted((a, b) => a.priority - b.priority);
  const others = all.filter((resource) => resource.kind !== 'rule');
  const kept = new Map<ResourceId, KeptResource>();
  for (const desired of model?.resources ?? []) {
    const found = best(desired, others, kept);
    if (found !== undefined) kept.set(desired.id, found);
  }
  for (const { id } of model?.standing ?? []) {
    const found = others.find((other) => other.kind === 'target-group' && other.id === id);
    if (found !== undefined) kept.set(id, found);
  }
  const standing = new Set([...kept.values()].map(({ arn }) => arn));
  const listeners = others.filter((other) => other.kind === 'listener');
  const groups = others.filter((other) => other.kind === 'target-group');
  const unchecked = (model?.resources ?? []).filter((each) => each.kind === 'target-group' && each.unchecked === true);
  return {
    kept,
    left: others.filter(({ arn }) => !standing.has(arn)),
    rules: Map.groupBy(rules, (rule) => rule.listenerArn),
    listeners: new Map(listeners.map((listener) => [listener.arn, listener])),
    loadBalancers: new Set(others.filter(({ kind }) => kind === 'load-balancer').map(({ arn }) => arn)),
    targetGroups: new Map(groups.map((group) => [group.arn, group])),
    inUse: new Set([...rules, ...listeners].flatMap(forwardsOf).map(({ arn }) => arn)),
    unchecked: new Set(unchecked.map(({ id }) => id)),
  };
}

/** After a crash several resources may have the same id. The resource with the desired spec is kept, else the first by ARN. */
function best(
  desired: Resource,
  others: readonly KeptResource[],
  kept: ReadonlyMap<ResourceId, KeptResource>,
): KeptResource | undefined {
  const candidates = others.filter(
    (other) => other.kind === desired.kind && other.id === desired.id && canStandFor(desired, other, kept),
  );
  return candidates.find((candidate) => hasHash(candidate.tags, 'spec', desired.spec)) ?? candidates[0];
}

/**
 * AWS cannot repair a failed load balancer. It is deleted, with its listeners and rules, before a new one gets its name.
 * A listener is kept only if its load balancer is kept.
 */
function canStandFor(desired: Resource, other: KeptResource, kept: ReadonlyMap<ResourceId, KeptResource>): boolean {
  if (other.kind === 'load-balancer') return other.state !== 'failed';
  if (other.kind === 'listener' && desired.kind === 'listener') {
    return kept.get(desired.loadBalancer)?.arn === other.loadBalancerArn;
  }
  return true;
}
