// What exists in AWS for a Gateway, as far as its model depends on it. What serves already has precedence over what is new.

import type { SubnetAddresses } from '../../api/load-balancer-configuration.ts';
import type { IpFamily } from '../../gateway/backend-service.ts';
import type { PortKey } from '../../gateway/listener-protocols.ts';
import type { RouteRef } from '../../gateway/problem-place.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { NlbProtocol } from './nlb/protocol.ts';
import type { Patience, ResourceId, RuleResource, TargetSelection } from './resources.ts';

export interface Standing {
  /** What its NLB serves, if that is in front of an ALB. All else is about the ALB then. */
  readonly front?: Pick<Standing, 'subnets' | 'addresses' | 'certificates' | 'ports' | 'forwards'>;
  /** Whether clients may still use the address of the ALB, though the Gateway has or gets an NLB in front of it. */
  readonly isHandingOver?: boolean;
  /** The ids of the Gateway's load balancers, without an NLB that is not the Gateway's address yet. */
  readonly loadBalancers: ReadonlySet<ResourceId>;
  /** The subnets of its load balancer. Empty if there is no load balancer. */
  readonly subnets: readonly string[];
  /** The Elastic IPs and private IPv4 addresses that an NLB was given in its subnets. */
  readonly addresses?: readonly SubnetAddresses[];
  /** The ids of all security groups that Gatehouse made, for any Gateway. */
  readonly madeGroups: ReadonlySet<string>;
  /** The certificates that its listeners serve, by port. */
  readonly certificates: ReadonlyMap<number, StandingCertificates>;
  /** The ports that its load balancer may have a listener for: of a listener that may serve several, all. */
  readonly ports: ReadonlySet<PortKey>;
  readonly rules: readonly StandingRule[];
  /** Its listeners that forward without rules, by port. */
  readonly forwards: ReadonlyMap<number, StandingForward>;
  /** The target groups that those rules and listeners may forward to. */
  readonly targetGroups: readonly TargetSelection[];
  /** Whether a route may use a Service of another namespace. */
  readonly isPermitted: (route: RouteRef, service: ObjectKey) => boolean;
}

/** One of our rules, as it is in AWS. */
export interface StandingRule {
  readonly id: ResourceId;
  readonly port: number;
  readonly priority: number;
  readonly spec: RuleResource['spec'];
  /** The hash of its spec, from its tag. */
  readonly specHash: string | undefined;
  /** The tag with the routes that share it. */
  readonly routes: string | undefined;
}

/** What AWS has of a listener of an NLB. */
export interface StandingForward {
  readonly protocol: NlbProtocol;
  /** None for a group that is only warming up. */
  readonly targetGroups: readonly { readonly targetGroup: ResourceId; readonly weight: number }[];
  /** The IP version of the targets. Absent if the groups never have targets. */
  readonly family?: IpFamily;
  /** Of TCP_UDP: if the routes of TCP and UDP differ, since when, and how long it stays as it is. */
  readonly patience?: Patience & { readonly isBegun: boolean; readonly isOver: boolean };
}

export interface StandingCertificates {
  readonly defaultCertificate: StandingCertificate;
  /** The list that SNI chooses from, as far as it is known. */
  readonly listed: readonly StandingCertificate[];
}

export interface StandingCertificate {
  readonly arn: string;
  /** Only for a certificate that we imported. */
  readonly certificate?: ResourceId;
}

export const NOTHING_STANDS: Standing = {
  loadBalancers: new Set(),
  subnets: [],
  madeGroups: new Set(),
  certificates: new Map(),
  ports: new Set(),
  rules: [],
  forwards: new Map(),
  targetGroups: [],
  isPermitted: () => false,
};
