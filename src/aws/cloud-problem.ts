// What AWS lacks, refuses or does not answer. A `resource` is a logical id, such as `listener/internal/443`.
import type { Subnet } from './network/network.ts';

/** The configuration or the VPC's tags give no subnets in two zones. */
export interface SubnetsTooFew {
  readonly kind: 'subnets-too-few';
  readonly scheme: string;
  readonly found: readonly string[];
  readonly zones: number;
  /** Those in Local Zones and Wavelength Zones and on Outposts. */
  readonly elsewhere?: readonly string[];
}

/** The configured subnets can't be those of one load balancer. */
export interface SubnetsInvalid {
  readonly kind: 'subnets-invalid';
  readonly why:
    | { readonly kind: 'not-in-vpc'; readonly subnet: string; readonly vpcId: string }
    | { readonly kind: 'same-zone'; readonly subnets: readonly [string, string]; readonly zone: string }
    | { readonly kind: 'mixed-zones'; readonly subnets: readonly [PlacedSubnet, PlacedSubnet] }
    | { readonly kind: 'two-on-outpost' };
}

type PlacedSubnet = Pick<Subnet, 'id' | 'zoneType' | 'availabilityZone'>;

/** The rules for the source ranges of the ports that serve do not fit into the security groups. */
export interface SourceRangesTooMany {
  readonly kind: 'source-ranges-too-many';
  readonly ranges: number;
  readonly ports: number;
  readonly limit: number;
}

/** Configured security groups are Gatehouse's: they are for the load balancers that they were made for. */
export interface SecurityGroupsNotPermitted {
  readonly kind: 'security-groups-not-permitted';
  readonly groups: readonly string[];
}

/** Nothing says in which VPC the cluster is. */
export interface VpcUnknown {
  readonly kind: 'vpc-unknown';
  readonly region: string;
}

/** The load balancer that the status names is in `there`, and this process works `here`. */
export interface RegionChanged {
  readonly kind: 'region-changed';
  readonly address: string;
  readonly there: string;
  readonly here: string;
}

/** What has the name is not ours. */
export interface NameTaken {
  readonly kind: 'name-taken';
  readonly resource: string;
  readonly name: string;
  readonly arn: string;
}

/** Another cluster's resources carry this cluster's name. */
export interface ClusterNameTaken {
  readonly kind: 'cluster-name-taken';
  readonly clusterName: string;
  readonly arn: string;
}

/** A quota of the account is used up. */
export interface QuotaReached {
  readonly kind: 'quota-reached';
  readonly resource: string;
  readonly action: string;
  readonly code: string;
  readonly detail: string;
}

/** The role may not make the call. */
export interface AccessDenied {
  readonly kind: 'access-denied';
  readonly resource: string;
  readonly action: string;
  readonly detail: string;
}

/** AWS does not know who calls. */
export interface CredentialsInvalid {
  readonly kind: 'credentials-invalid';
  readonly action: string;
  readonly detail: string;
}

/** AWS has said neither yes nor no, and is asked again. */
export interface CloudUnanswered {
  readonly kind: 'cloud-unanswered';
  readonly why: 'unreachable' | 'throttled' | 'failed' | 'unreadable' | 'not-yet-visible' | 'gone';
  readonly action: string;
  readonly detail: string;
}

/** AWS has said no to the call, for another reason than those that have a kind of their own. */
export interface CloudRefused {
  readonly kind: 'cloud-refused';
  readonly resource: string;
  readonly action: string;
  readonly code: string;
  readonly detail: string;
}

/** A group of nodes or pods has no room for a rule a port, so `ranges` cover what no target has, too. Only said. */
export interface AdmissionWidened {
  readonly kind: 'admission-widened';
  readonly group: string;
  readonly ranges: readonly string[];
}

/** A deletion waits: AWS says that `arn` is in use. `holders` are those that could be found, if any. */
export interface DeletionHeld {
  readonly kind: 'deletion-held';
  readonly resource: string;
  readonly arn: string;
  readonly detail: string;
  readonly holders: readonly Holder[];
}

/** What keeps AWS from deleting something. */
export type Holder =
  | { readonly kind: 'group-rule'; readonly rule: string; readonly group: string }
  | { readonly kind: 'network-interface'; readonly id: string; readonly description: string }
  | { readonly kind: 'load-balancer'; readonly arn: string };

/** What AWS has said no to. */
export type RefusalProblem = NameTaken | QuotaReached | AccessDenied | CloudRefused;

export type CloudProblem =
  | SubnetsTooFew
  | SubnetsInvalid
  | SourceRangesTooMany
  | SecurityGroupsNotPermitted
  | VpcUnknown
  | RegionChanged
  | ClusterNameTaken
  | CredentialsInvalid
  | CloudUnanswered
  | AdmissionWidened
  | DeletionHeld
  | RefusalProblem;

export const isRefusal = (problem: { readonly kind: string }): problem is RefusalProblem =>
  problem.kind === 'name-taken' ||
  problem.kind === 'quota-reached' ||
  problem.kind === 'access-denied' ||
  problem.kind === 'cloud-refused';
