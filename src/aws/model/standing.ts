// What exists in AWS for a Gateway, as far as its model depends on it. What serves already has precedence over what is new.
import type { RouteRef } from '../../gateway/problem-place.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { ResourceId, RuleResource, TargetSelection } from './resources.ts';

export interface Standing {
  /** The subnets of its load balancer. Empty if there is no load balancer. */
  readonly subnets: readonly string[];
  /** The ids of all security groups that Gatehouse made, for any Gateway. */
  readonly madeGroups: ReadonlySet<string>;
  /** The certificates that its listeners serve, by port. */
  readonly certificates: ReadonlyMap<number, StandingCertificates>;
  /** The ports of its listeners. */
  readonly ports: ReadonlySet<number>;
  readonly rules: readonly StandingRule[];
  /** The target groups that those rules may forward to. */
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
  subnets: [],
  madeGroups: new Set(),
  certificates: new Map(),
  ports: new Set(),
  rules: [],
  targetGroups: [],
  isPermitted: () => false,
};
