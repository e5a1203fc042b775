// Problems of a route's rule, or of its targets, with a load balancer or with AWS.

import type { IpFamily } from '../gateway/backend-service.ts';
import type { RouteRef, RulePlace } from '../gateway/problem-place.ts';
import type { RuleProblem as ApiRuleProblem, BackendProblem } from '../gateway/route-problem.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { RefusalProblem } from './cloud-problem.ts';

/** The target type is instance, and the Service has no node port. */
export interface BackendWithoutNodePort extends RulePlace {
  readonly kind: 'backend-without-node-port';
  readonly service: ObjectKey;
}

/** The load balancer has only IPv4, and the Service has only IPv6. */
export interface BackendWithoutIpv4 extends RulePlace {
  readonly kind: 'backend-without-ipv4';
  readonly service: ObjectKey;
}

/** The clients of an HTTP listener can't use the backend. Those of an HTTPS listener can. */
export interface BackendNeedsHttpsListener extends RulePlace {
  readonly kind: 'backend-needs-https-listener';
  readonly service: ObjectKey;
  /** The appProtocol of the Service's port. */
  readonly protocol: string;
}

/** UDP is to go by IPv6, which the Service does not have. */
export interface BackendWithoutIpv6 extends RulePlace {
  readonly kind: 'backend-without-ipv6';
  readonly service: ObjectKey;
}

/** AWS sends the connections of an NLB's listener to one IP version, and the Service does not have it. */
export interface BackendOfOtherFamily extends RulePlace {
  readonly kind: 'backend-of-other-family';
  readonly service: ObjectKey;
  /** The version of the listener's targets. */
  readonly family: IpFamily;
}

/** An NLB answers nobody's connections for a backend that is invalid. Beside the backend's own problem. */
export interface InvalidShareUnanswered extends RulePlace {
  readonly kind: 'invalid-share-unanswered';
}

/** A port of an NLB has one set of targets, and an earlier route has others. */
export interface PortTakenByOthers extends RulePlace {
  readonly kind: 'port-taken-by-others';
  readonly port: number;
  readonly why: 'server-name' | 'transport' | 'ip-version' | 'named-target-port';
  readonly by: RouteRef;
}

/** TCP and UDP of one port have other backends than each other. For a moment the port serves as before. Only said. */
export interface PairDiffers extends RulePlace {
  readonly kind: 'pair-differs';
  readonly port: number;
}

/** No health check can pass at UDP targets. Only said: they get traffic. */
export interface HealthUnknown extends RulePlace {
  readonly kind: 'health-unknown';
  readonly service: ObjectKey;
}

/** Nodes are to take traffic only for pods of their own, and have no port that says whether they do. Only said. */
export interface HealthNodePortMissing extends RulePlace {
  readonly kind: 'health-node-port-missing';
  readonly service: ObjectKey;
}

/** The targets can't reach their own load balancer. Only said. */
export interface ClientAddressKept extends RulePlace {
  readonly kind: 'client-address-kept';
  readonly service: ObjectKey;
}

/** A weighted forward cannot answer 500, so the share of invalid backends is answered 503. The backend has its own problem, too. */
export interface InvalidShareAnswers503 extends RulePlace {
  readonly kind: 'invalid-share-answers-503';
}

/** The ALB ignores the case of the value, unlike the Gateway API. This is a warning: the rule is served. */
export interface MatchIgnoresCase extends RulePlace {
  readonly kind: 'match-ignores-case';
  readonly value: string;
}

/** No condition of a rule expresses the match. */
export interface MatchUnsupported extends RulePlace {
  readonly kind: 'match-unsupported';
  readonly why:
    | { readonly kind: 'hostname-too-long'; readonly hostname: string }
    | { readonly kind: 'path-too-long'; readonly limit: number }
    | { readonly kind: 'host-header' }
    | { readonly kind: 'header-name-too-long'; readonly limit: number }
    | { readonly kind: 'header-value-too-long'; readonly limit: number }
    | { readonly kind: 'query-regex' }
    | { readonly kind: 'query-value-empty' }
    | { readonly kind: 'query-characters' }
    | { readonly kind: 'query-too-long'; readonly limit: number };
}

/** The match needs more values than a rule may have. */
export interface MatchTooLarge extends RulePlace {
  readonly kind: 'match-too-large';
  readonly values: number;
  readonly limit: number;
}

/** AWS does not accept the regular expression. */
export interface RegexUnsupported extends RulePlace {
  readonly kind: 'regex-unsupported';
  readonly regex: string;
  readonly why:
    | { readonly kind: 'empty' }
    | { readonly kind: 'too-long'; readonly limit: number }
    | { readonly kind: 'syntax'; readonly has: RefusedSyntax }
    | { readonly kind: 'malformed' };
}

/** Syntax that other engines support. */
export type RefusedSyntax =
  | 'look-around'
  | 'atomic-group'
  | 'recursion'
  | 'backreference'
  | 'possessive-quantifier'
  | 'unicode-class';

/** The rule has more backends than an action may have target groups. */
export interface TooManyBackends extends RulePlace {
  readonly kind: 'too-many-backends';
  readonly count: number;
  readonly limit: number;
}

/** The redirect leads to the same URL, so it would repeat forever. */
export interface RedirectToItself extends RulePlace {
  readonly kind: 'redirect-to-itself';
}

/** Something that does not fit: `held` of `limit` are in use, and at least `wanted` are needed. */
export interface Want {
  readonly limit: number;
  readonly held: number;
  /** Undefined if it was not counted, because the namespace needs far more than there is room for. */
  readonly wanted?: number;
}

/** The load balancer has no room for the rule. */
export interface TooManyRules extends RulePlace, Want {
  readonly kind: 'too-many-rules';
}

/** The load balancer has no room for the rule's target groups. */
export interface TooManyTargetGroups extends RulePlace, Want {
  readonly kind: 'too-many-target-groups';
}

/** The route's change does not fit. Its rules of before still serve. */
export interface ChangeDoesNotFit extends RulePlace, Want {
  readonly kind: 'change-does-not-fit';
  readonly lack: 'rules' | 'target-groups';
}

/** The rule is left out, because rule `gate` of the same route is left out, whose requests it would take. */
export interface GateMissing extends RulePlace {
  readonly kind: 'gate-missing';
  readonly gate: number;
}

/** AWS refused to create the rule. The call is tried again. */
export interface RuleRefused extends RulePlace {
  readonly kind: 'rule-refused';
  readonly cause: RefusalProblem;
}

/** AWS refused a change. The rule still serves as before. */
export interface RuleChangeRefused extends RulePlace {
  readonly kind: 'rule-change-refused';
  readonly cause: RefusalProblem;
}

/** The rule is left out on this port, or for this host. This is a warning: it is served elsewhere. */
export interface PartlyLeftOut extends RulePlace {
  readonly kind: 'partly-left-out';
  readonly port: number;
  readonly hostname?: string;
  readonly cause: RulePlacedProblem | RefusedProblem;
}

/** AWS refused to register targets: `10.0.0.7:8080` or `i-0123:30080`. */
interface TargetsRefused {
  readonly kind: 'targets-refused';
  readonly service: ObjectKey;
  readonly targets: readonly string[];
  readonly detail: string;
}

/** AWS would refuse these addresses or ports as targets, so no call is made. */
interface TargetsUnfit {
  readonly kind: 'targets-unfit';
  readonly service: ObjectKey;
  readonly targets: readonly string[];
}

/** AWS refused the security group rule that would let the load balancer through to the targets. */
interface TargetsNotAdmitted {
  readonly kind: 'targets-not-admitted';
  readonly service: ObjectKey;
  readonly cause: RefusalProblem;
}

/** The targets have several security groups, and no tag says which one must admit the load balancer. */
interface TargetsGroupUnclear {
  readonly kind: 'targets-group-unclear';
  readonly service: ObjectKey;
  /** A network interface, by id. */
  readonly carrier: string;
  readonly groups: readonly string[];
  readonly tag: string;
}

/** The security group of the targets is not known, so it cannot be opened. */
interface TargetsNotLocated {
  readonly kind: 'targets-not-located';
  readonly service: ObjectKey;
  readonly targets: readonly string[];
}

/** The load balancer does not have the zones of some targets, so AWS sends them nothing. */
interface TargetsInOtherZones {
  readonly kind: 'targets-in-other-zones';
  readonly service: ObjectKey;
  readonly zones: readonly string[];
}

/**
 * What keeps a load balancer from targets of a backend. It has no place in a route, because the endpoints pass knows only Services.
 */
export type TargetTrouble =
  | TargetsRefused
  | TargetsUnfit
  | TargetsNotAdmitted
  | TargetsGroupUnclear
  | TargetsNotLocated
  | TargetsInOtherZones;

/** A trouble at the place of a rule that uses these targets. The other targets still answer. */
export type UnreachableProblem = RulePlace & TargetTrouble;

export type RefusedProblem = RuleRefused | RuleChangeRefused;

/** A problem of a rule, on any port and host. */
export type RulePlacedProblem = ApiRuleProblem | BackendProblem | MisfitProblem;

/** What a load balancer cannot do for a rule. */
type MisfitProblem =
  | BackendWithoutNodePort
  | BackendWithoutIpv4
  | BackendNeedsHttpsListener
  | BackendWithoutIpv6
  | BackendOfOtherFamily
  | InvalidShareUnanswered
  | PortTakenByOthers
  | PairDiffers
  | HealthUnknown
  | HealthNodePortMissing
  | ClientAddressKept
  | InvalidShareAnswers503
  | MatchIgnoresCase
  | MatchUnsupported
  | MatchTooLarge
  | RegexUnsupported
  | TooManyBackends
  | RedirectToItself
  | TooManyRules
  | TooManyTargetGroups
  | GateMissing;

export type RuleProblem = MisfitProblem | ChangeDoesNotFit | RefusedProblem | PartlyLeftOut | UnreachableProblem;
