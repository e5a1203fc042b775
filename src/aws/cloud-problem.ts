// Problems with AWS: something is missing, refused or not answered. A `resource` is a logical id, such as `listener/internal/443`.

import type { LoadBalancerSettings } from '../api/load-balancer-configuration.ts';
import type { NlbProtocol } from './model/nlb/protocol.ts';
import type { Plane } from './model/plane.ts';
import type { Subnet } from './network/network.ts';

/** The configuration or the VPC's tags do not give subnets in two zones. */
export interface SubnetsTooFew {
  readonly kind: 'subnets-too-few';
  readonly scheme: string;
  readonly found: readonly string[];
  readonly zones: number;
  /** How many zones it needs. Absent: two. */
  readonly needed?: 1;
  /** The subnets in Local Zones, in Wavelength Zones and on Outposts. */
  readonly elsewhere?: readonly string[];
  /** The subnets with too few free addresses. */
  readonly full?: readonly string[];
}

/** One load balancer cannot use all configured subnets. */
export interface SubnetsInvalid {
  readonly kind: 'subnets-invalid';
  readonly why:
    | { readonly kind: 'not-in-vpc'; readonly subnet: string; readonly vpcId: string }
    | { readonly kind: 'same-zone'; readonly subnets: readonly [string, string]; readonly zone: string }
    | { readonly kind: 'mixed-zones'; readonly subnets: readonly [PlacedSubnet, PlacedSubnet] }
    | { readonly kind: 'two-on-outpost' }
    | { readonly kind: 'without-nlb'; readonly subnet: PlacedSubnet };
}

/** AWS cannot change the subnets or IPv4 addresses of an NLB in all of its zones at once. It stays in these subnets. */
export interface SubnetsAllChange {
  readonly kind: 'subnets-all-change';
  readonly subnets: readonly string[];
}

/** The NLB cannot have this address in its subnet. */
export interface SubnetAddressInvalid {
  readonly kind: 'subnet-address-invalid';
  readonly subnet: string;
  readonly address: string;
  readonly why:
    | { readonly kind: 'scheme'; readonly needed: LoadBalancerSettings['scheme'] }
    | { readonly kind: 'ip-address-type'; readonly needed: 'dualstack' }
    | { readonly kind: 'outside'; readonly cidrBlocks: readonly string[] }
    | { readonly kind: 'reserved' };
}

/** The NLB cannot have an address that the Gateway requests. */
export interface AddressNotUsable {
  readonly kind: 'address-not-usable';
  /** A path below the Gateway's spec. */
  readonly field: string;
  readonly address: string;
  readonly why:
    | { readonly kind: 'not-ipv4' }
    | { readonly kind: 'unknown'; readonly region: string; readonly vpcId: string }
    | { readonly kind: 'scheme'; readonly scheme: string; readonly needed: 'internal' | 'internet-facing' }
    /** AWS keeps the address for itself. */
    | { readonly kind: 'reserved'; readonly subnet: string }
    | { readonly kind: 'in-use'; readonly by: string }
    | { readonly kind: 'border-group'; readonly borderGroup: string; readonly region: string }
    | { readonly kind: 'same-zone'; readonly zone: string; readonly other: string }
    | { readonly kind: 'no-zone-left'; readonly zones: readonly string[] }
    /** The configuration does not name the address's subnet. */
    | { readonly kind: 'other-subnet'; readonly subnet: string }
    /** As with `SubnetsAllChange`. */
    | { readonly kind: 'zones-all-change' };
}

/** All addresses that the Gateway requests are in one zone, so its NLB stands only there. It only informs. */
export interface AddressesInOneZone {
  readonly kind: 'addresses-in-one-zone';
  readonly zone: string;
}

/** All zones of an NLB change, and it keeps an old one until AWS has set up the new ones. It only informs. */
export interface ZonesKept {
  readonly kind: 'zones-kept';
  /** Its name. */
  readonly loadBalancer: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** The addresses of subnetMappings have no effect, because the Gateway requests others. It only informs. */
export interface MappedAddressesUnused {
  readonly kind: 'mapped-addresses-unused';
  readonly addresses: readonly string[];
}

type PlacedSubnet = Pick<Subnet, 'id' | 'zoneType' | 'availabilityZone'>;

/** The source ranges of the serving ports need more rules than fit into the security groups. */
export interface SourceRangesTooMany {
  readonly kind: 'source-ranges-too-many';
  readonly ranges: number;
  readonly ports: number;
  /** Set if each range also needs a rule for ICMP. */
  readonly withIcmp?: true;
  readonly limit: number;
}

/** The configured security groups were made by Gatehouse, and only for certain load balancers. */
export interface SecurityGroupsNotPermitted {
  readonly kind: 'security-groups-not-permitted';
  readonly groups: readonly string[];
}

/**
 * The Gateway's load balancer, or its target groups of `protocol`, do not have these attributes, or the addresses in these
 * subnets. It only informs.
 */
export interface AttributesWithoutEffect {
  readonly kind: 'attributes-without-effect';
  readonly setting: 'loadBalancerAttributes' | 'subnetMappings' | 'targetGroupAttributes' | 'targetGroupHealthCheck';
  readonly attributes: readonly string[];
  readonly plane: Plane;
  readonly protocol?: NlbProtocol;
}

/** The ipAddressType is only for ALBs, and the Gateway has an NLB. */
export interface IpAddressTypeUnsupported {
  readonly kind: 'ip-address-type-unsupported';
  readonly ipAddressType: string;
}

/** The cluster's VPC is not known. */
export interface VpcUnknown {
  readonly kind: 'vpc-unknown';
  readonly region: string;
}

/** The load balancer in the status is in region `there`, but this process works in `here`. */
export interface RegionChanged {
  readonly kind: 'region-changed';
  readonly address: string;
  readonly there: string;
  readonly here: string;
}

/** The resource with this name is not ours. */
export interface NameTaken {
  readonly kind: 'name-taken';
  readonly resource: string;
  readonly name: string;
  readonly arn: string;
}

/** Resources of another cluster have this cluster's name. */
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

/** AWS did not accept the credentials. */
export interface CredentialsInvalid {
  readonly kind: 'credentials-invalid';
  readonly action: string;
  readonly detail: string;
}

/** AWS has not answered, and the call is tried again. */
export interface CloudUnanswered {
  readonly kind: 'cloud-unanswered';
  readonly why: 'unreachable' | 'throttled' | 'failed' | 'unreadable' | 'not-yet-visible' | 'gone';
  readonly action: string;
  readonly detail: string;
}

/** AWS has refused the call, for a reason that has no kind of its own. */
export interface CloudRefused {
  readonly kind: 'cloud-refused';
  readonly resource: string;
  readonly action: string;
  readonly code: string;
  readonly detail: string;
}

/** A security group of targets has no room for a rule for each port, so `ranges` open more ports. This is a warning. */
export interface AdmissionWidened {
  readonly kind: 'admission-widened';
  readonly group: string;
  readonly ranges: readonly string[];
}

/** The account has nearly as many of them in the Region as AWS allows by default. This is a warning. */
export interface RegionNearQuota {
  readonly kind: 'region-near-quota';
  readonly of: 'application' | 'network' | 'target-groups';
  readonly limit: number;
}

/** An NLB has nearly as many targets as AWS allows. This is a warning. */
export interface TargetsNearQuota {
  readonly kind: 'targets-near-quota';
  /** Its name. */
  readonly loadBalancer: string;
  readonly targets: number;
  readonly limit: number;
}

/** Others have given rules to our listeners on these ports. This is a warning. */
export interface RulesOfOthers {
  readonly kind: 'rules-of-others';
  readonly ports: readonly number[];
}

/** A deletion waits, because AWS says that `arn` is in use. `holders` are the users that were found. */
export interface DeletionHeld {
  readonly kind: 'deletion-held';
  readonly resource: string;
  readonly arn: string;
  readonly detail: string;
  readonly holders: readonly Holder[];
}

/** Something that prevents a deletion, because it uses the resource. */
export type Holder =
  | { readonly kind: 'group-rule'; readonly rule: string; readonly group: string }
  | { readonly kind: 'network-interface'; readonly id: string; readonly description: string }
  | { readonly kind: 'load-balancer'; readonly arn: string };

/** AWS has refused something. */
export type RefusalProblem = NameTaken | QuotaReached | AccessDenied | CloudRefused;

export type CloudProblem =
  | SubnetsTooFew
  | SubnetsInvalid
  | SubnetAddressInvalid
  | AddressNotUsable
  | AddressesInOneZone
  | ZonesKept
  | MappedAddressesUnused
  | SubnetsAllChange
  | SourceRangesTooMany
  | SecurityGroupsNotPermitted
  | VpcUnknown
  | AttributesWithoutEffect
  | IpAddressTypeUnsupported
  | RegionChanged
  | ClusterNameTaken
  | CredentialsInvalid
  | CloudUnanswered
  | AdmissionWidened
  | RegionNearQuota
  | TargetsNearQuota
  | RulesOfOthers
  | DeletionHeld
  | RefusalProblem;

export const isRefusal = (problem: { readonly kind: string }): problem is RefusalProblem =>
  problem.kind === 'name-taken' ||
  problem.kind === 'quota-reached' ||
  problem.kind === 'access-denied' ||
  problem.kind === 'cloud-refused';
