// What stands in AWS of a Gateway, as far as its model depends on it: what serves keeps its place before what is new.
import type { RouteRef } from '../../gateway/problem-place.ts';
import type { ObjectKey } from '../../kube/object.ts';
import type { ResourceId, RuleResource, TargetSelection } from './resources.ts';

export interface Standing {
  /** The subnets that its load balancer stands in; none where there is none. */
  readonly subnets: readonly string[];
  /** The ids of all security groups that Gatehouse made, whichever Gateway's they are. */
  readonly madeGroups: ReadonlySet<string>;
  /** What its listeners serve, by port. */
  readonly certificates: ReadonlyMap<number, StandingCertificates>;
  /** The ports that its load balancer has a listener for. */
  readonly ports: ReadonlySet<number>;
  readonly rules: readonly StandingRule[];
  /** The target groups that those rules may forward to. */
  readonly targetGroups: readonly TargetSelection[];
  /** Whether a route may use a Service of another namespace. */
  readonly isPermitted: (route: RouteRef, service: ObjectKey) => boolean;
}

/** What AWS has of a rule of ours. */
export interface StandingRule {
  readonly id: ResourceId;
  readonly port: number;
  readonly priority: number;
  readonly spec: RuleResource['spec'];
  /** The hash of the spec that it was made from, as its tag says it. */
  readonly specHash: string | undefined;
  /** Its tag of the routes that share it. */
  readonly routes: string | undefined;
}

export interface StandingCertificates {
  readonly defaultCertificate: StandingCertificate;
  /** In the list that SNI chooses from, as far as that is known. */
  readonly listed: readonly StandingCertificate[];
}

export interface StandingCertificate {
  readonly arn: string;
  /** Of one that we imported. */
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
