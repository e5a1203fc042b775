// One plan while it is executed: the state that its steps share, how a step ends, and the outcome of all steps.
import type { Secret } from '../../api/core.ts';
import type { Clock } from '../../kube/clock.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AwsClients } from '../clients.ts';
import type { Plan, StepId } from '../diff/step.ts';
import type { AwsError } from '../errors.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { KeyedLock } from '../keyed-lock.ts';
import type { ClusterIdentity } from '../model/naming.ts';
import { type Owner, ownerTag } from '../model/owner.ts';
import type { ResourceId, Tags, TargetGroupResource } from '../model/resources.ts';
import type { Target } from '../model/targets.ts';
import type { Problem } from '../problem.ts';
import { ownershipTags } from '../tags.ts';
import type { Membership } from '../targets/membership.ts';
import type { TargetsContext } from '../targets/sync-targets.ts';
import type { TargetRefusals } from '../targets/target-refusals.ts';
import type { TargetTroubles } from '../targets/target-troubles.ts';

export interface ExecuteContext {
  readonly owner: Owner;
  readonly clients: AwsClients;
  readonly inventory: Inventory;
  readonly membership: Membership;
  readonly troubles: TargetTroubles;
  readonly refusals: TargetRefusals;
  readonly where: TargetsContext['where'];
  /** The locks of the process. Only one pass at a time creates a resource that Gateways share. */
  readonly locks: KeyedLock;
  readonly cluster: ClusterIdentity;
  readonly clock: Clock;
  /** How long an old address still serves, in milliseconds. */
  readonly handover: number;
  readonly logger: Logger;
  /** No call begins after it aborts. */
  readonly signal: AbortSignal;
  /** Aborts because other passes wait. Then no step begins, and steps that have made no call yet are recalled. */
  readonly recall?: AbortSignal;
  /** The problems of the last run. */
  readonly problemsBefore?: ProblemsById;
  readonly secretOf: (key: ObjectKey) => Secret | undefined;
  readonly targetsOf: (group: TargetGroupResource) => readonly Target[];
}

export interface Outcome {
  readonly done: readonly StepId[];
  readonly problems: readonly Problem[];
  /** Resources that are still in use and cannot be deleted, or that need a resource which AWS does not show yet. */
  readonly pending: readonly ResourceId[];
  /** The refused deletions among them. */
  readonly held: readonly Held[];
  /** The result of a step is not the planned one, so another plan is needed. */
  readonly again?: true;
  /** AWS lacks a resource that the inventory has: the Gateway must be audited at once. */
  readonly drifted?: true;
  /** The namespaces of recalled steps. */
  readonly behind: readonly string[];
  /** The problems of each resource. A recalled step keeps the problems of the last run. */
  readonly problemsById: ProblemsById;
}

export type ProblemsById = ReadonlyMap<ResourceId, readonly Problem[]>;

/** A deletion that AWS refuses because the resource is in use. */
export interface Held {
  readonly resource: ResourceId;
  readonly arn: string;
  /** AWS's message. It names the resource, and seldom its user. */
  readonly detail: string;
}

/** How a step ended. */
export type StepEnd =
  | { readonly kind: 'done'; readonly problems?: readonly Problem[]; readonly again?: true }
  | { readonly kind: 'in-use'; readonly held: Held }
  | { readonly kind: 'not-yet-visible' }
  | { readonly kind: 'failed'; readonly problems: readonly Problem[]; readonly again?: true }
  | { readonly kind: 'error'; readonly error: AwsError };

export class Run {
  readonly context: ExecuteContext;
  /** The value of the gateway tag; undefined for resources that Gateways share. */
  readonly gateway: string | undefined;
  /** Resources that the next pass may be able to make, because AWS did not answer or asked to wait. */
  readonly unanswered = new Set<ResourceId>();
  readonly #arns: Map<ResourceId, string>;

  constructor(plan: Plan, context: ExecuteContext) {
    this.context = context;
    this.gateway = ownerTag(context.owner);
    this.#arns = new Map(plan.existing);
  }

  /** Sets the ARN of a logical id. Later steps refer to it. */
  bind(id: ResourceId, arn: string): void {
    this.#arns.set(id, arn);
  }

  /** Undefined if no step has made the resource yet. */
  knownArn(id: ResourceId): string | undefined {
    return this.#arns.get(id);
  }

  /** A plan refers only to existing resources and to resources that an earlier step creates. */
  readonly arnOf = (id: ResourceId): string => {
    const arn = this.#arns.get(id);
    if (arn === undefined) throw new Error(`The plan refers to ${id}, which it neither has nor makes`);
    return arn;
  };

  /** All tags of a new resource of the Gateway. */
  tags(id: ResourceId, tags: Tags): Tags {
    return { ...tags, ...ownershipTags(this.context.cluster, id, this.gateway) };
  }

  /** All tags of a new resource that the Gateways share. */
  sharedTags(id: ResourceId, tags: Tags): Tags {
    return { ...tags, ...ownershipTags(this.context.cluster, id) };
  }
}
