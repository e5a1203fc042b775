// What an ALB, or AWS, does not take of a route's rule, or of the targets that it sends requests to.
import type { RulePlace } from '../gateway/problem-place.ts';
import type { RuleProblem as ApiRuleProblem, BackendProblem } from '../gateway/route-problem.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { RefusalProblem } from './cloud-problem.ts';

/** Traffic is to go by node ports, and the Service has none. */
export interface BackendWithoutNodePort extends RulePlace {
  readonly kind: 'backend-without-node-port';
  readonly service: ObjectKey;
}

/** Traffic is to go by IPv4, which the Service does not have. */
export interface BackendWithoutIpv4 extends RulePlace {
  readonly kind: 'backend-without-ipv4';
  readonly service: ObjectKey;
}

/** A weighted forward can't mix in a 500: the invalid share answers 503. Beside the backend's own problem. */
export interface InvalidShareAnswers503 extends RulePlace {
  readonly kind: 'invalid-share-answers-503';
}

/** The value is compared in another way than the Gateway API says. Only said: it serves. */
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

/** The match needs more values than a rule takes. */
export interface MatchTooLarge extends RulePlace {
  readonly kind: 'match-too-large';
  readonly values: number;
  readonly limit: number;
}

/** AWS takes no such regular expression. */
export interface RegexUnsupported extends RulePlace {
  readonly kind: 'regex-unsupported';
  readonly regex: string;
  readonly why:
    | { readonly kind: 'empty' }
    | { readonly kind: 'too-long'; readonly limit: number }
    | { readonly kind: 'syntax'; readonly has: RefusedSyntax }
    | { readonly kind: 'malformed' };
}

/** What regular expressions may have elsewhere. */
export type RefusedSyntax =
  | 'look-around'
  | 'atomic-group'
  | 'recursion'
  | 'backreference'
  | 'possessive-quantifier'
  | 'unicode-class';

/** The rule has more backends than an action has target groups. */
export interface TooManyBackends extends RulePlace {
  readonly kind: 'too-many-backends';
  readonly count: number;
  readonly limit: number;
}

/** A redirect that would lead to the very same URL, for ever. */
export interface RedirectToItself extends RulePlace {
  readonly kind: 'redirect-to-itself';
}

/** What there is not room for: of `limit`, `held` are taken, and these are wanted at least. */
export interface Want {
  readonly limit: number;
  readonly held: number;
  /** Undefined where that was not even looked at: the namespace asks for far more than there is. */
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

/** The route asks for more than there is room for: all that it had before serves on. */
export interface ChangeDoesNotFit extends RulePlace, Want {
  readonly kind: 'change-does-not-fit';
  readonly lack: 'rules' | 'target-groups';
}

/** Rule `gate` of the same route is left out, which was to keep requests from this one. */
export interface GateMissing extends RulePlace {
  readonly kind: 'gate-missing';
  readonly gate: number;
}

/** AWS refused what was to become of the rule, and is asked again. */
export interface RuleRefused extends RulePlace {
  readonly kind: 'rule-refused';
  readonly cause: RefusalProblem;
}

/** AWS refused a change: the rule serves, as it was before. */
export interface RuleChangeRefused extends RulePlace {
  readonly kind: 'rule-change-refused';
  readonly cause: RefusalProblem;
}

/** On this port, or for this host of it, the rule can't do what it is to do. Only said: elsewhere it serves. */
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

/** AWS takes no such addresses or ports as targets: it isn't asked. */
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

/** Several security groups stand in front of the targets, and none has the tag that says which is to let the load balancer through. */
interface TargetsGroupUnclear {
  readonly kind: 'targets-group-unclear';
  readonly service: ObjectKey;
  /** A network interface, by id. */
  readonly carrier: string;
  readonly groups: readonly string[];
  readonly tag: string;
}

/** Nobody knows whose security group has to let the load balancer through to the targets. */
interface TargetsNotLocated {
  readonly kind: 'targets-not-located';
  readonly service: ObjectKey;
  readonly targets: readonly string[];
}

/**
 * What keeps a load balancer from targets of a backend, as the pass over its target groups met it. No place is in it: that pass
 * knows Services, and no routes.
 */
export type TargetTrouble =
  | TargetsRefused
  | TargetsUnfit
  | TargetsNotAdmitted
  | TargetsGroupUnclear
  | TargetsNotLocated;

/** A trouble, where a rule sends requests to those targets. Those that are well still answer. */
export type UnreachableProblem = RulePlace & TargetTrouble;

export type RefusedProblem = RuleRefused | RuleChangeRefused;

/** What is wrong with a rule, wherever it was to serve. */
export type RulePlacedProblem = ApiRuleProblem | BackendProblem | MisfitProblem;

/** What an ALB can't do for a rule. */
type MisfitProblem =
  | BackendWithoutNodePort
  | BackendWithoutIpv4
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
