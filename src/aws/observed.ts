// The resources that we own in AWS, as far as we know: the inventory's records, and an input of diff. Tags are the truth about
// ids and specs. The other fields are what AWS last described, or what our own writes have set.
import type { SubnetAddresses } from '../api/load-balancer-configuration.ts';
import type { Owner } from './model/owner.ts';
import type { Resource, ResourceId, RuleAction, RuleCondition, RuleTransform, Tags } from './model/resources.ts';
import type { Scope } from './model/scope.ts';

/**
 * The keys of our tags. Each hash tag says what a call has set, and is written after that call; only a target group has the tag
 * of its attributes from the start.
 */
export const TAG = {
  cluster: 'gatehouse.dev/cluster',
  clusterUid: 'gatehouse.dev/cluster-uid',
  /** `namespace/name`, or `sha256:HEX` of it if it has over 256 characters. Absent on what Gateways share. */
  gateway: 'gatehouse.dev/gateway',
  /** The logical id, `ResourceId`. */
  resource: 'gatehouse.dev/resource',
  /** Hash of the resource's `spec`, which the create call set. */
  spec: 'gatehouse.dev/spec',
  /** Hash of the attributes that ModifyLoadBalancerAttributes or ModifyTargetGroupAttributes has set. */
  attributes: 'gatehouse.dev/attributes',
  /** Hash of a security group's ingress rules. */
  ingress: 'gatehouse.dev/ingress',
  /** Hash of a listener's certificates beside the default one. */
  certificates: 'gatehouse.dev/certificates',
  /** Which routes share a rule, and the share of each. */
  routes: 'gatehouse.dev/routes',
  /** Since when clients are sent to another load balancer, in milliseconds since the epoch. */
  replaced: 'gatehouse.dev/replaced',
  /** Of an NLB that comes in front of a serving ALB: `pending`, and then since when clients are sent to it. */
  handover: 'gatehouse.dev/handover',
  /** Of an NLB whose zones all change: since when AWS sets up the first new ones. Until they serve, an old one stays. */
  entered: 'gatehouse.dev/entered',
  /** Since when the TCP and UDP routes of a listener for both have differed, in milliseconds since the epoch. */
  apart: 'gatehouse.dev/apart',
  /** Which of the other tags we have written for the user: six hex digits of each key's hash. Written with them. */
  tags: 'gatehouse.dev/tags',
} as const;

/** A tag's time, in milliseconds since the epoch. Undefined also if somebody has written something else. */
export const timeIn = (tag: string | undefined): number | undefined =>
  tag !== undefined && /^\d{1,13}$/.test(tag) ? Number(tag) : undefined;

/** One target group of a forward action. */
export interface Forward {
  readonly arn: string;
  readonly weight: number;
}

interface Owned<K extends Resource['kind']> {
  readonly kind: K;
  /** For a security group: its id, `sg-…`. */
  readonly arn: string;
  readonly id: ResourceId;
  /** All its tags, ours and the user's. */
  readonly tags: Tags;
}

export interface OwnedLoadBalancer extends Owned<'load-balancer'> {
  readonly name: string;
  readonly dnsName: string;
  /** The ids of its subnets. */
  readonly subnets: readonly string[];
  /** Of an NLB: its static IPv4 addresses, one a subnet. Absent if AWS chooses them. */
  readonly addresses?: readonly string[];
  /** Of an NLB: the Elastic IPs and private IPv4 addresses that it was given. */
  readonly given?: readonly SubnetAddresses[];
  readonly state: 'provisioning' | 'active' | 'active_impaired' | 'failed';
}

export interface OwnedListener extends Owned<'listener'> {
  readonly loadBalancerArn: string;
  readonly port: number;
  /** `HTTP`, `TCP_UDP`, …: AWS's name. */
  readonly protocol: string;
  /** The groups that its default action forwards to now. */
  readonly forwards: readonly Forward[];
  /** The default certificate and the policies, of listeners that have these. */
  readonly certificate?: string;
  readonly sslPolicy?: string;
  readonly alpnPolicy?: string;
}

export interface OwnedRule extends Owned<'rule'> {
  readonly listenerArn: string;
  /** 1 to 50,000. */
  readonly priority: number;
  /** The groups that it forwards to now. Empty for other actions. */
  readonly targetGroups: readonly Forward[];
  /** The requests that it may match. */
  readonly scope: Scope;
  /** Its conditions, action and transforms. Absent if it has content that our rules never have. */
  readonly content?: RuleContent;
}

export interface RuleContent {
  readonly conditions: readonly RuleCondition[];
  readonly action: Exclude<RuleAction, { kind: 'forward' }> | { readonly kind: 'forward' };
  readonly transforms: readonly RuleTransform[];
}

export interface OwnedTargetGroup extends Owned<'target-group'> {
  readonly name: string;
  readonly targetType: string;
  readonly ipAddressType: string;
  /** Where AWS checks the health of its targets: `traffic-port`, or a port number. Absent if not known. */
  readonly checkPort?: string;
  /**
   * Whether its attributes are AWS's defaults, or not known. Absent if they are what the tag says. The tag is there before the
   * attributes are set, but these are set before something forwards to the group.
   */
  readonly attributes?: 'default' | 'unknown';
  /** Whether something of ours forwards to it with weight. */
  readonly serves: boolean;
  /** Whether one of its targets has been seen healthy, or it has none, or its time is over: it may take over from others. */
  readonly proven: boolean;
  /** Whether AWS has registered its targets, and a while ago. */
  readonly registered?: true;
  /** Since when nothing of ours forwards to it, in milliseconds since the epoch. Absent while something does. */
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
  /** The addresses in the Gateway's status. Absent if they are not known. */
  readonly announced?: readonly string[];
  /** The current time in milliseconds since the epoch, because some resources must rest before they are deleted. */
  readonly now: number;
}
