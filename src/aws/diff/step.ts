// A plan is a small graph of steps. Diff makes it, and execute runs it. A step runs when all steps that it waits for have
// succeeded. A failed step stops only the steps that wait for it.

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
import type { Forward, OwnedResource } from '../observed.ts';

export type StepId = string & { readonly __brand: 'StepId' };

interface Base {
  /** Deterministic and unique in the plan: `create rule/internal/80/shop/api/0/0`. */
  readonly id: StepId;
  /** The steps that must have succeeded. */
  readonly after: readonly StepId[];
  /** The steps that must have ended, successfully or not. */
  readonly follows?: readonly StepId[];
  readonly resource: ResourceId;
}

/** A step that sets something and then writes its hash tag. A create call writes the tag itself. */
interface Tagged {
  /** Written beside the ownership tags. For a create they include `desired.tags`. */
  readonly tags: Tags;
}

interface Warming {
  readonly arn: string;
  readonly serving: readonly Forward[];
  readonly joining: readonly ResourceId[];
}

export type Step = Base &
  (
    | (Tagged & { readonly kind: 'create'; readonly desired: Exclude<Resource, RuleResource> })
    | (Tagged & { readonly kind: 'create-rule'; readonly desired: RuleResource; readonly priority: number })
    /** Changes an existing resource in place to the desired spec, then writes its spec tag. */
    | (Tagged & { readonly kind: 'change'; readonly desired: Resource; readonly arn: string })
    /** Calls after the create, each followed by its hash tag. `fresh`: the resource is new, so there is nothing to read first. */
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
    /** Adds target groups with weight 0, so that AWS checks their health before they take over. */
    | (Warming & { readonly kind: 'warm-rule' })
    /** The same for an NLB's listener. The listener gets this protocol, because it accepts both the old and the new groups. */
    | (Warming & { readonly kind: 'warm-listener'; readonly protocol: string })
    /** Changes the default certificate and the policies of a TLS listener that must still wait for its new groups. */
    | { readonly kind: 'set-tls'; readonly desired: ListenerResource; readonly arn: string }
    /** Registers the group's targets, as the caches have them. */
    | { readonly kind: 'sync-targets'; readonly desired: TargetGroupResource }
    | { readonly kind: 'delete'; readonly existing: OwnedResource }
  );

export interface Plan {
  /** In an order in which each step comes after those that it waits for. */
  readonly steps: readonly Step[];
  /** The ARNs of desired resources that exist already, by logical id. References resolve to them or to created resources. */
  readonly existing: ReadonlyMap<ResourceId, string>;
  /** The work of a later pass, and why it must wait. Empty if the plan reaches the desired state. */
  readonly pending: readonly Pending[];
}

export type Pending =
  | { readonly kind: 'target-group-health'; readonly resource: ResourceId }
  /** A group without references is kept until `at` (milliseconds since the epoch), then it is deleted. */
  | { readonly kind: 'drain'; readonly resource: ResourceId; readonly at: number }
  /** A listener for TCP and UDP waits for its routes to have the same backends again. */
  | { readonly kind: 'pair'; readonly resource: ResourceId; readonly at: number }
  /** An NLB keeps an old zone until AWS has set up the new ones. */
  | { readonly kind: 'zones'; readonly resource: ResourceId; readonly at: number }
  /** A replacement must serve before its predecessor is deleted. */
  | { readonly kind: 'replacement'; readonly resource: ResourceId }
  /** A listener without targets is created only when its load balancer is active, because its route may still come. */
  | { readonly kind: 'route'; readonly resource: ResourceId };
