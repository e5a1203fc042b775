// What stands in AWS of a Gateway, as far as its model depends on it: what serves keeps its place before what is new.
import type { ResourceId } from './resources.ts';

export interface Standing {
  /** The subnets that its load balancer stands in; none where there is none. */
  readonly subnets: readonly string[];
  /** The ids of all security groups that Gatehouse made, whichever Gateway's they are. */
  readonly madeGroups: ReadonlySet<string>;
  /** What its listeners serve, by port. */
  readonly certificates: ReadonlyMap<number, StandingCertificates>;
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

export const NOTHING_STANDS: Standing = { subnets: [], madeGroups: new Set(), certificates: new Map() };
