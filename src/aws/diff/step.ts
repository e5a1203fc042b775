// What diff gives and execute takes: a small graph. A step runs when all that it waits for has succeeded; a step that fails
// stops only those that wait for it.

import type {
  ListenerResource,
  LoadBalancerResource,
  Resource,
  ResourceId,
  RuleResource,
  SecurityGroupResource,
  Tags,
  TargetGroupResource,
} from '../model/resources.ts';
import type { OwnedResource } from '../observed.ts';

export type StepId = string & { readonly __brand: 'StepId' };

interface Base {
  /** Deterministic and unique in the plan: `create rule/internal/80/shop/api/0/0`. */
  readonly id: StepId;
  /** What must have succeeded. */
  readonly after: readonly StepId[];
  /** What must have ended, well or not (failed, or left out because what it waited for failed): an order, not a need. */
  readonly follows?: readonly StepId[];
  readonly resource: ResourceId;
}

/** A step that makes something so, and then says so in tags (in the create call itself, where there is one). */
interface Tagged {
  /** To write beside the tags of ownership; for a create, `desired.tags` are among them. */
  readonly tags: Tags;
}

export type Step = Base &
  (
    | (Tagged & { readonly kind: 'create'; readonly desired: Exclude<Resource, RuleResource> })
    | (Tagged & { readonly kind: 'create-rule'; readonly desired: RuleResource; readonly priority: number })
    /** Makes an existing resource's spec as desired (what can be changed in place), then writes its spec tag. */
    | (Tagged & { readonly kind: 'change'; readonly desired: Resource; readonly arn: string })
    /** Second calls, each followed by its hash tag. They are also part of making a new resource. `fresh`: nothing to read first. */
    | (Tagged & {
        readonly kind: 'set-attributes';
        readonly desired: LoadBalancerResource | TargetGroupResource;
        readonly fresh: boolean;
      })
    | (Tagged & { readonly kind: 'set-ingress'; readonly desired: SecurityGroupResource; readonly fresh: boolean })
    | (Tagged & { readonly kind: 'set-certificates'; readonly desired: ListenerResource; readonly fresh: boolean })
    | { readonly kind: 'tag'; readonly arn: string; readonly add: Tags; readonly remove: readonly string[] }
    /** One call for all of a listener's rules that move: AWS applies it atomically. */
    | {
        readonly kind: 'set-priorities';
        readonly priorities: readonly { readonly arn: string; readonly priority: number }[];
      }
    /** Lets a target group that will take over join its rule with weight 0, so that AWS checks its health. */
    | {
        readonly kind: 'warm-rule';
        readonly arn: string;
        readonly serving: readonly { readonly arn: string; readonly weight: number }[];
        readonly joining: readonly ResourceId[];
      }
    /** Registers what the caches say are the group's targets. */
    | { readonly kind: 'sync-targets'; readonly desired: TargetGroupResource }
    | { readonly kind: 'delete'; readonly existing: OwnedResource }
  );

export interface Plan {
  /** Each after those that it waits for. */
  readonly steps: readonly Step[];
  /** The ARNs of the desired resources that exist already, by logical id: what references resolve to, beside what steps create. */
  readonly existing: ReadonlyMap<ResourceId, string>;
  /** What a later pass will do, and what it waits for: empty when the plan's end is the desired state. */
  readonly pending: readonly Pending[];
}

export type Pending =
  | { readonly kind: 'target-group-health'; readonly resource: ResourceId }
  /** A group that no rule refers to any more rests until `at` (milliseconds since the epoch), then it is deleted. */
  | { readonly kind: 'drain'; readonly resource: ResourceId; readonly at: number }
  /** A replacement must serve before its predecessor goes. */
  | { readonly kind: 'replacement'; readonly resource: ResourceId };
