// A plan while it is being written: its steps so far, and for each resource the step that makes it usable.
import type { ListenerResource, Resource, ResourceId, TargetGroupResource } from '../model/resources.ts';
import type { OwnedResource } from '../observed.ts';
import type { Existing } from './existing.ts';
import type { Order } from './order.ts';
import type { Pending, Step, StepId } from './step.ts';
import { apartTag, hashTag, resourceTag, sharesTags, tagChange, userTags } from './tags.ts';

export class Draft {
  readonly steps: Step[] = [];
  readonly pending: Pending[] = [];
  readonly existing: Existing;
  readonly order: Order;
  readonly #usable = new Map<ResourceId, StepId>();
  readonly #targetGroups: ReadonlyMap<ResourceId, TargetGroupResource>;
  readonly #listeners: readonly ListenerResource[];

  constructor(existing: Existing, resources: readonly Resource[], order: Order) {
    this.existing = existing;
    this.order = order;
    const groups = resources.filter((resource) => resource.kind === 'target-group');
    this.#targetGroups = new Map(groups.map((group) => [group.id, group]));
    this.#listeners = resources.filter((resource) => resource.kind === 'listener');
  }

  /** As desired. */
  targetGroup(id: ResourceId): TargetGroupResource | undefined {
    return this.#targetGroups.get(id);
  }

  add(step: Step): StepId {
    this.steps.push(step);
    return step.id;
  }

  await(pending: Pending): void {
    const known = this.pending.some(({ kind, resource }) => kind === pending.kind && resource === pending.resource);
    if (!known) this.pending.push(pending);
  }

  /** Steps that refer to `resource` wait for `step` from now on. */
  usableAfter(resource: ResourceId, step: StepId): void {
    this.#usable.set(resource, step);
  }

  /** Whether this plan creates it. */
  isCreated(resource: ResourceId): boolean {
    return this.#usable.has(resource) && !this.existing.kept.has(resource);
  }

  /** The steps that a step waits for if it refers to these. Existing resources need no wait. */
  waitFor(references: readonly ResourceId[]): StepId[] {
    const steps = new Set<StepId>();
    for (const reference of references) {
      const step = this.#usable.get(reference) ?? this.#registerTargets(reference);
      if (step !== undefined) steps.add(step);
    }
    return [...steps];
  }

  /** Members of an unused group are not updated. So they are registered before something forwards to the group. */
  #registerTargets(reference: ResourceId): StepId | undefined {
    const desired = this.#targetGroups.get(reference);
    const arn = this.existing.kept.get(reference)?.arn;
    if (desired === undefined || arn === undefined || this.existing.inUse.has(arn)) return undefined;
    const step = this.syncTargets(desired, []);
    this.usableAfter(reference, step);
    return step;
  }

  /** What must exist before the targets are registered. An ALB can be a target only on the port of one of its listeners. */
  targetReferences({ loadBalancer, spec: { port } }: TargetGroupResource): readonly ResourceId[] {
    if (loadBalancer === undefined) return [];
    const listeners = this.#listeners.filter((each) => each.loadBalancer === loadBalancer && each.spec.port === port);
    return [loadBalancer, ...listeners.map(({ id }) => id)];
  }

  syncTargets(desired: TargetGroupResource, after: readonly StepId[]): StepId {
    return this.add({
      kind: 'sync-targets',
      id: stepId('sync-targets', desired.id),
      after: [...after, ...this.waitFor(this.targetReferences(desired))],
      resource: desired.id,
      desired,
    });
  }

  change(
    desired: Resource,
    existing: OwnedResource,
    after: readonly StepId[],
    { spec = desired.spec, follows = [] }: { readonly spec?: unknown; readonly follows?: readonly StepId[] } = {},
  ): StepId {
    const tags = hashTag('spec', spec);
    const id = stepId('change', desired.id);
    const { arn } = existing;
    return this.add({ kind: 'change', id, after, follows, resource: desired.id, desired, arn, tags });
  }

  /** Updates the user's tags and the logical id of an existing resource. */
  retag(desired: Resource, existing: OwnedResource): void {
    const change = tagChange(
      { ...userTags(desired), ...sharesTags(desired), ...apartTag(desired, existing), ...resourceTag(desired.id) },
      existing.tags,
    );
    if (change === undefined) return;
    const id = stepId('tag', desired.id);
    this.add({ kind: 'tag', id, after: [], resource: desired.id, arn: existing.arn, ...change });
  }

  /** Several resources with one logical id may be deleted, so the step's id has the ARN too. */
  remove(existing: OwnedResource, after: readonly StepId[], follows: readonly StepId[] = []): StepId {
    const id = stepId('delete', `${existing.id} ${existing.arn}`);
    return this.add({ kind: 'delete', id, after, follows, resource: existing.id, existing });
  }
}

export function stepId(verb: string, what: string): StepId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand's one constructor
  return `${verb} ${what}` as StepId;
}
