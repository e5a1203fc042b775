// One plan while it is carried out: what its steps share.
import type { Plan } from '../diff/step.ts';
import { gatewayTagValue } from '../model/naming.ts';
import type { ResourceId, Tags } from '../model/resources.ts';
import { ownershipTags } from '../tags.ts';
import type { ExecuteContext } from './execute.ts';

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
