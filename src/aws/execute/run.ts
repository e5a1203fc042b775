// One plan while it is carried out: what its steps share, how each ends, and what comes of all of them.
import type { Secret } from '../../api/core.ts';
import type { Clock } from '../../kube/clock.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AwsClients } from '../clients.ts';
import type { Plan, StepId } from '../diff/step.ts';
import type { AwsError } from '../errors.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { KeyedLock } from '../keyed-lock.ts';
import { type ClusterIdentity, gatewayTagValue } from '../model/naming.ts';
import type { ResourceId, Tags, TargetGroupResource } from '../model/resources.ts';
import type { Target } from '../model/targets.ts';
import type { Problem } from '../problem.ts';
import { ownershipTags } from '../tags.ts';
import type { Membership } from '../targets/membership.ts';
import type { TargetsContext } from '../targets/sync-targets.ts';
import type { TargetRefusals } from '../targets/target-refusals.ts';
import type { TargetTroubles } from '../targets/target-troubles.ts';

export interface ExecuteContext {
  readonly gateway: ObjectKey;
  readonly clients: AwsClients;
  readonly inventory: Inventory;
  readonly membership: Membership;
  readonly troubles: TargetTroubles;
  readonly refusals: TargetRefusals;
  readonly where: TargetsContext['where'];
  /** One for the process: what Gateways share is made by one of them at a time. */
  readonly locks: KeyedLock;
  readonly cluster: ClusterIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** No call begins after it aborts. */
  readonly signal: AbortSignal;
  /** No step begins after it aborts, and those that have made no call yet are called back: others are to be let in. */
  readonly recall?: AbortSignal;
  /** What the last run met. */
  readonly before?: Met;
  readonly secretOf: (key: ObjectKey) => Secret | undefined;
  readonly targetsOf: (group: TargetGroupResource) => readonly Target[];
}

export interface Outcome {
  readonly done: readonly StepId[];
  readonly problems: readonly Problem[];
  /** What AWS will not delete yet, because something that goes still uses it; or what needs what AWS does not show yet. */
  readonly pending: readonly ResourceId[];
  /** Those of them that AWS will not delete yet, each. */
  readonly held: readonly Held[];
  /** When to come back without waiting for a change, in milliseconds. */
  readonly retryAfterMs?: number;
  /** AWS lacks something that the inventory has: the Gateway is to be audited at once. */
  readonly drifted?: true;
  /** The namespaces of steps that were called back: there was no time for them. */
  readonly behind: readonly string[];
  /** The problems of each resource: those of a step that was called back are as they were before. */
  readonly met: Met;
}

export type Met = ReadonlyMap<ResourceId, readonly Problem[]>;

/** What AWS will not delete because something uses it. */
export interface Held {
  readonly resource: ResourceId;
  readonly arn: string;
  /** What AWS says of it. It names what is held, seldom what holds it. */
  readonly detail: string;
}

/** How a step ended. */
export type StepEnd =
  | { readonly kind: 'done'; readonly problems?: readonly Problem[]; readonly again?: true }
  | { readonly kind: 'in-use'; readonly held: Held }
  | { readonly kind: 'settling' }
  | { readonly kind: 'failed'; readonly problems: readonly Problem[]; readonly again?: true }
  | { readonly kind: 'error'; readonly error: AwsError };

export class Run {
  readonly context: ExecuteContext;
  /** The value of the Gateway's tag. */
  readonly gateway: string;
  /** What the next pass may make, since AWS did not answer or asked to wait. */
  readonly unanswered = new Set<ResourceId>();
  readonly #arns: Map<ResourceId, string>;

  constructor(plan: Plan, context: ExecuteContext) {
    this.context = context;
    this.gateway = gatewayTagValue(context.gateway);
    this.#arns = new Map(plan.existing);
  }

  /** What stands for the logical id from now on: later steps refer to it. */
  bind(id: ResourceId, arn: string): void {
    this.#arns.set(id, arn);
  }

  /** Undefined for what no step has made yet. */
  knownArn(id: ResourceId): string | undefined {
    return this.#arns.get(id);
  }

  /** A plan refers only to what exists or what an earlier step makes. */
  readonly arnOf = (id: ResourceId): string => {
    const arn = this.#arns.get(id);
    if (arn === undefined) throw new Error(`The plan refers to ${id}, which it neither has nor makes`);
    return arn;
  };

  /** All tags of a new resource of the Gateway. */
  tags(id: ResourceId, tags: Tags): Tags {
    return { ...tags, ...ownershipTags(this.context.cluster, id, this.gateway) };
  }

  /** All tags of what the cluster shares. */
  sharedTags(id: ResourceId, tags: Tags): Tags {
    return { ...tags, ...ownershipTags(this.context.cluster, id) };
  }
}
