// What is known to exist in AWS of what we own: the inventory's records, and what diff takes beside the model. Tags are
// the truth about ids and specs; the rest is what AWS itself told last, or what our own writes made of it.
import type { Owner } from './model/owner.ts';
import type { Resource, ResourceId, RuleAction, RuleCondition, RuleTransform, Tags } from './model/resources.ts';
import type { Scope } from './model/scope.ts';

/** The tags that carry ownership. Each hash tag says what the call that it belongs to has set, and is written after it. */
export const TAG = {
  cluster: 'gatehouse.dev/cluster',
  clusterUid: 'gatehouse.dev/cluster-uid',
  /** `namespace/name`, or `sha256:HEX` of it where that is over 256 characters. Absent on what the cluster shares. */
  gateway: 'gatehouse.dev/gateway',
  /** The logical id, `ResourceId`. */
  resource: 'gatehouse.dev/resource',
  /** Hash of what the create call set: `spec` of the resource. */
  spec: 'gatehouse.dev/spec',
  /** Hash of the attributes that ModifyLoadBalancerAttributes or ModifyTargetGroupAttributes has set. */
  attributes: 'gatehouse.dev/attributes',
  /** Hash of a security group's ingress rules. */
  ingress: 'gatehouse.dev/ingress',
  /** Hash of a listener's certificates beside the default one. */
  certificates: 'gatehouse.dev/certificates',
  /** Which routes share a rule, and what each has of it. */
  routes: 'gatehouse.dev/routes',
  /** Which of the other tags are the user's by way of us: six hex digits of each key's hash. Written with them. */
  tags: 'gatehouse.dev/tags',
} as const;

interface Owned<K extends Resource['kind']> {
  readonly kind: K;
  /** For a security group its id, `sg-…`. */
  readonly arn: string;
  readonly id: ResourceId;
  /** All of its tags, ours and the users'. */
  readonly tags: Tags;
}

export interface OwnedLoadBalancer extends Owned<'load-balancer'> {
  readonly name: string;
  readonly dnsName: string;
  /** The subnets that it stands in. */
  readonly subnets: readonly string[];
  readonly state: 'provisioning' | 'active' | 'active_impaired' | 'failed';
}

export interface OwnedListener extends Owned<'listener'> {
  readonly loadBalancerArn: string;
  readonly port: number;
}

export interface OwnedRule extends Owned<'rule'> {
  readonly listenerArn: string;
  /** 1 to 50,000. */
  readonly priority: number;
  /** Where its forward action points to now; empty for other actions. */
  readonly targetGroups: readonly { readonly arn: string; readonly weight: number }[];
  /** What requests it may take. */
  readonly scope: Scope;
  /** What it says beside that; absent for what no rule of ours says. */
  readonly content?: RuleContent;
}

export interface RuleContent {
  readonly conditions: readonly RuleCondition[];
  readonly action: Exclude<RuleAction, { kind: 'forward' }> | { readonly kind: 'forward' };
  readonly transforms: readonly RuleTransform[];
}

export interface OwnedTargetGroup extends Owned<'target-group'> {
  readonly name: string;
  /**
   * False while it has registered targets of which none was seen healthy yet, and it has not had its time: a rule that
   * serves another group waits for it. Groups that serve already, or have no target to wait for, are ready.
   */
  readonly ready: boolean;
  /** Since when no rule of ours has referred to it, in milliseconds since the epoch; absent while one does. */
  readonly unusedSince?: number;
}

export interface OwnedSecurityGroup extends Owned<'security-group'> {
  readonly name: string;
}

export type OwnedCertificate = Owned<'certificate'>;

export type OwnedResource =
  | OwnedLoadBalancer
  | OwnedListener
  | OwnedRule
  | OwnedTargetGroup
  | OwnedSecurityGroup
  | OwnedCertificate;

/** The resources of one owner, and the certificates that Gateways share. After a crash several may have the same id. */
export interface Observed {
  readonly owner: Owner;
  readonly resources: readonly OwnedResource[];
  /** Now, in milliseconds since the epoch, for what must rest before it goes. */
  readonly now: number;
}
