// Everything that can be wrong, as data. Whoever finds a problem says what and where; only src/status turns it into
// words: condition, reason, message, Event. A problem concerns the thing it names and nothing beside it.
import type { ParentReference } from '../api/gateway-api.ts';
import type { Fault, ObjectKey } from '../kube/object.ts';
import type { Others } from './other-listeners.ts';

/** A route as problems name it: its kind and `namespace/name`. */
export interface RouteRef {
  readonly kind: 'HTTPRoute';
  readonly key: ObjectKey;
}

/** A rule of a route, by its index. */
export interface RuleRef {
  readonly route: RouteRef;
  readonly rule: number;
}

/** A place in a route's rule: `field` is a path below `spec.rules[rule]`, such as `backendRefs[1].port`. */
export interface RulePlace extends RuleRef {
  readonly field: string;
}

/** Where in a listener: `field` is a path below the listener, such as `tls.certificateRefs[0]`. */
export interface ListenerPlace {
  /** Its name, or `namespace/set/name` where a ListenerSet has it. */
  readonly listener: string;
  readonly field: string;
}

/** Where in a listener a Secret is referred to. */
export interface SecretPlace extends ListenerPlace {
  readonly secret: ObjectKey;
  /** What was imported from it before it went bad, or went, is served on. */
  readonly stillServed?: true;
}

export interface ParentPlace {
  readonly route: RouteRef;
  readonly parentRef: ParentReference;
}

/** Problems of the class or of its parameters. `field` is a path below `spec` of the parameters object. */
type ParametersProblem =
  | { readonly kind: 'parameters-kind-unknown'; readonly on: 'class' | 'gateway'; readonly reference: string }
  | { readonly kind: 'parameters-not-found'; readonly on: 'class' | 'gateway'; readonly reference: string }
  | {
      readonly kind: 'parameters-invalid';
      readonly on: 'class' | 'gateway';
      readonly reference: string;
      readonly field: string;
      readonly detail: string;
    };

/** Problems of a whole Gateway. */
type GatewayProblem =
  | { readonly kind: 'gateway-unreadable'; readonly fault: Fault }
  | { readonly kind: 'address-unsupported'; readonly field: string; readonly value: string }
  | { readonly kind: 'gateway-tls-unsupported'; readonly field: string };

/** Problems of a whole ListenerSet. */
type ListenerSetProblem =
  | { readonly kind: 'listener-set-not-allowed'; readonly listenerSet: ObjectKey }
  | { readonly kind: 'listener-set-unreadable'; readonly listenerSet: ObjectKey; readonly fault: Fault };

/** Problems of one listener. */
type ListenerProblem =
  | (ListenerPlace & { readonly kind: 'listener-protocol-unsupported'; readonly protocol: string })
  | (ListenerPlace & {
      readonly kind: 'listener-protocol-conflict';
      readonly port: number;
    } & Others)
  | (ListenerPlace & {
      readonly kind: 'listener-hostname-conflict';
      readonly port: number;
      readonly hostname: string;
    } & Others)
  /** No condition of the data plane can hold it. */
  | (ListenerPlace & { readonly kind: 'listener-hostname-too-long'; readonly limit: number })
  | (ListenerPlace & { readonly kind: 'route-kind-unsupported'; readonly routeKind: string })
  | (ListenerPlace & { readonly kind: 'tls-mode-unsupported'; readonly mode: string })
  | (ListenerPlace & { readonly kind: 'tls-missing' })
  /** Says so, but keeps serving: two HTTPS listeners whose hostnames overlap. */
  | (ListenerPlace & { readonly kind: 'tls-overlap' } & Others)
  | (ListenerPlace & { readonly kind: 'certificate-kind-unsupported'; readonly reference: string })
  | (ListenerPlace & { readonly kind: 'certificate-not-permitted'; readonly secret: ObjectKey })
  | (SecretPlace & { readonly kind: 'certificate-not-found' })
  | (SecretPlace & { readonly kind: 'certificate-malformed'; readonly detail: string })
  | (SecretPlace & { readonly kind: 'certificate-key-mismatch' })
  | (SecretPlace & { readonly kind: 'certificate-expired'; readonly notAfter: string })
  | (SecretPlace & { readonly kind: 'certificate-not-yet-valid'; readonly notBefore: string })
  | (SecretPlace & { readonly kind: 'certificate-algorithm-unsupported'; readonly algorithm: string })
  | (ListenerPlace & { readonly kind: 'certificate-arn-malformed'; readonly arn: string })
  /** It was imported from a Secret that the listener may not refer to, here or in another cluster. */
  | (ListenerPlace & { readonly kind: 'certificate-arn-not-permitted'; readonly arn: string })
  | (ListenerPlace & { readonly kind: 'certificate-arn-not-found'; readonly arn: string })
  /** AWS has not told whose it is. */
  | (ListenerPlace & { readonly kind: 'certificate-arn-unknown'; readonly arn: string; readonly detail: string })
  /** The cloud refused it: it is tried again. */
  | (ListenerPlace & { readonly kind: 'certificate-refused'; readonly cause: RefusedProblem['cause'] })
  /** Listeners that share a port can't differ in this setting on the data plane. The first one's value is in force. */
  | (ListenerPlace & {
      readonly kind: 'listener-setting-conflict';
      readonly setting: string;
      readonly port: number;
      readonly other: string;
    })
  /** Says so, but keeps serving: requests for its host that no route of it takes go to less specific listeners. */
  | (ListenerPlace & { readonly kind: 'listener-not-isolated'; readonly port: number; readonly limit: number })
  | (ListenerPlace & { readonly kind: 'too-many-certificates'; readonly limit: number })
  | (ListenerPlace & { readonly kind: 'too-many-listeners'; readonly limit: number })
  /** The source ranges of one more port do not fit into the security groups: `ports` is how many of `ranges` do. */
  | (ListenerPlace & {
      readonly kind: 'too-many-ingress-rules';
      readonly ranges: number;
      readonly ports: number;
      readonly limit: number;
    });

/** Problems of a route with one of its parents. */
type ParentProblem =
  | (ParentPlace & { readonly kind: 'route-unreadable'; readonly fault: Fault })
  | (ParentPlace & { readonly kind: 'parent-not-matching'; readonly available: readonly string[] })
  | (ParentPlace & { readonly kind: 'route-not-allowed'; readonly listeners: readonly string[] })
  | (ParentPlace & { readonly kind: 'hostname-not-matching'; readonly listeners: readonly string[] });

/** Problems of a rule's backends. The invalid one's share answers 500, or what `answers` says. */
type BackendProblem =
  | (RulePlace & { readonly kind: 'backend-kind-unknown'; readonly reference: string })
  | (RulePlace & { readonly kind: 'backend-not-permitted'; readonly reference: string; readonly namespace: string })
  | (RulePlace & { readonly kind: 'backend-not-found'; readonly service: ObjectKey })
  | (RulePlace & { readonly kind: 'backend-port-missing'; readonly service: ObjectKey })
  | (RulePlace & {
      readonly kind: 'backend-port-not-found';
      readonly service: ObjectKey;
      readonly port: number;
      readonly available: readonly number[];
    })
  | (RulePlace & {
      readonly kind: 'backend-protocol-unsupported';
      readonly service: ObjectKey;
      readonly protocol: string;
    })
  | (RulePlace & { readonly kind: 'backend-without-node-port'; readonly service: ObjectKey })
  | (RulePlace & { readonly kind: 'backend-without-ipv4'; readonly service: ObjectKey })
  | (RulePlace & { readonly kind: 'backend-external-name'; readonly service: ObjectKey })
  /** A weighted forward of an ALB can't mix in a 500: the invalid share answers 503. Beside the backend's own problem. */
  | (RulePlace & { readonly kind: 'invalid-share-answers-503' });

/**
 * What keeps a load balancer from targets of a backend, as the pass over its target groups met it. No place is in it: that pass
 * knows Services, and no routes.
 */
export type TargetTrouble =
  /** AWS refused to register them. `targets` are `10.0.0.7:8080` or `i-0123:30080`. */
  | {
      readonly kind: 'targets-refused';
      readonly service: ObjectKey;
      readonly targets: readonly string[];
      readonly detail: string;
    }
  /** AWS takes no such addresses or ports as targets: it isn't asked. */
  | { readonly kind: 'targets-unfit'; readonly service: ObjectKey; readonly targets: readonly string[] }
  /** AWS refused the security group rule that would let the load balancer through to them. */
  | { readonly kind: 'targets-not-admitted'; readonly service: ObjectKey; readonly cause: RefusalProblem }
  /** Several security groups stand in front of them, and none has the tag that says which is to let the load balancer through. */
  | {
      readonly kind: 'targets-group-unclear';
      readonly service: ObjectKey;
      /** A network interface, by id. */
      readonly carrier: string;
      readonly groups: readonly string[];
      readonly tag: string;
    }
  /** Nobody knows whose security group has to let the load balancer through to them. */
  | { readonly kind: 'targets-not-located'; readonly service: ObjectKey; readonly targets: readonly string[] };

/** A trouble, where a rule sends requests to those targets. Those that are well still answer. */
type UnreachableProblem = RulePlace & TargetTrouble;

/** Says so, but keeps serving: the value is compared in another way than the Gateway API says. */
type MatchProblem = RulePlace & { readonly kind: 'match-ignores-case'; readonly value: string };

/** Says so, but keeps serving elsewhere: on this port, or for this host of it, the rule can't do what it is to do. */
type PartProblem = RulePlace & {
  readonly kind: 'partly-left-out';
  readonly port: number;
  readonly hostname?: string;
  readonly cause: MatchProblem | RuleProblem | BackendProblem | RefusedProblem;
};

/** What AWS has said no to. */
export type RefusalProblem = Extract<
  CloudProblem,
  { kind: 'name-taken' | 'quota-reached' | 'access-denied' | 'cloud-refused' }
>;

/** What was to become of the rule was refused by the cloud: it is tried again. */
type RefusedProblem =
  | (RulePlace & { readonly kind: 'rule-refused'; readonly cause: RefusalProblem })
  /** The rule serves, as it was before. */
  | (RulePlace & { readonly kind: 'rule-change-refused'; readonly cause: RefusalProblem });

/** What there is not room for: of `limit`, `held` are taken, and these are wanted at least. */
interface Want {
  readonly limit: number;
  readonly held: number;
  /** Undefined where that was not even looked at: the namespace asks for far more than there is. */
  readonly wanted?: number;
}

/** What the data plane can't express, or the Gateway API doesn't allow. The rule is left out, or answers 500. */
type RuleProblem =
  | (RulePlace & { readonly kind: 'filter-unsupported'; readonly filter: string })
  | (RulePlace & { readonly kind: 'filters-incompatible'; readonly filters: readonly string[] })
  | (RulePlace & { readonly kind: 'rule-field-unsupported' })
  | (RulePlace & { readonly kind: 'match-unsupported'; readonly detail: string })
  | (RulePlace & { readonly kind: 'match-too-large'; readonly values: number; readonly limit: number })
  | (RulePlace & { readonly kind: 'regex-unsupported'; readonly regex: string; readonly detail: string })
  | (RulePlace & {
      readonly kind: 'redirect-status-unsupported';
      readonly statusCode: number;
      readonly allowed: readonly number[];
    })
  | (RulePlace & { readonly kind: 'redirect-unsupported'; readonly detail: string })
  | (RulePlace & { readonly kind: 'rewrite-unsupported'; readonly detail: string })
  | (RulePlace & { readonly kind: 'too-many-backends'; readonly count: number; readonly limit: number })
  /** A redirect that would lead to the very same URL, for ever. */
  | (RulePlace & { readonly kind: 'redirect-to-itself' })
  | (RulePlace & Want & { readonly kind: 'too-many-rules' })
  | (RulePlace & Want & { readonly kind: 'too-many-target-groups' })
  /** Rule `gate` of the same route is left out, which was to keep requests from this one. */
  | (RulePlace & { readonly kind: 'gate-missing'; readonly gate: number });

/** The route asks for more than there is room for: all that it had before serves on. */
type KeptProblem = RulePlace &
  Want & { readonly kind: 'change-does-not-fit'; readonly lack: 'rules' | 'target-groups' };

/** What keeps AWS from deleting something. */
export type Holder =
  | { readonly kind: 'group-rule'; readonly rule: string; readonly group: string }
  | { readonly kind: 'network-interface'; readonly id: string; readonly description: string }
  | { readonly kind: 'load-balancer'; readonly arn: string };

/** What the cloud around the load balancer lacks, or refused. `resource` is a logical id, `listener/443`. */
type CloudProblem =
  | {
      readonly kind: 'subnets-too-few';
      readonly scheme: string;
      readonly found: readonly string[];
      readonly zones: number;
      /** Those in Local Zones and Wavelength Zones and on Outposts. */
      readonly elsewhere?: readonly string[];
    }
  /** The rules for the source ranges of the ports that serve do not fit into the security groups. */
  | {
      readonly kind: 'source-ranges-too-many';
      readonly ranges: number;
      readonly ports: number;
      readonly limit: number;
    }
  | { readonly kind: 'subnets-invalid'; readonly detail: string }
  /** Configured groups that Gatehouse made: they are for the load balancers that they were made for. */
  | { readonly kind: 'security-groups-not-permitted'; readonly groups: readonly string[] }
  /** Kinds that decide about traffic, and that the API server does not know, so far or any more. */
  | { readonly kind: 'kinds-missing'; readonly kinds: readonly string[] }
  | { readonly kind: 'vpc-unknown'; readonly region: string }
  /** The load balancer that the status names is in `there`, and this process works `here`. */
  | { readonly kind: 'region-changed'; readonly address: string; readonly there: string; readonly here: string }
  | { readonly kind: 'name-taken'; readonly resource: string; readonly name: string; readonly arn: string }
  | { readonly kind: 'cluster-name-taken'; readonly clusterName: string; readonly arn: string }
  | {
      readonly kind: 'quota-reached';
      readonly resource: string;
      readonly action: string;
      readonly code: string;
      readonly detail: string;
    }
  | { readonly kind: 'access-denied'; readonly resource: string; readonly action: string; readonly detail: string }
  | { readonly kind: 'credentials-invalid'; readonly action: string; readonly detail: string }
  /** AWS has said neither yes nor no, and is asked again. */
  | {
      readonly kind: 'cloud-unanswered';
      readonly why: 'unreachable' | 'throttled' | 'failed' | 'unreadable' | 'settling' | 'gone';
      readonly action: string;
      readonly detail: string;
    }
  | {
      readonly kind: 'cloud-refused';
      readonly resource: string;
      readonly action: string;
      readonly code: string;
      readonly detail: string;
    }
  /** A remark: a group of nodes or pods has no room for a rule a port, so `ranges` cover what no target has, too. */
  | { readonly kind: 'admission-widened'; readonly group: string; readonly ranges: readonly string[] }
  /** A deletion waits: AWS says that `arn` is in use. `holders` are those that could be found, if any. */
  | {
      readonly kind: 'deletion-held';
      readonly resource: string;
      readonly arn: string;
      readonly detail: string;
      readonly holders: readonly Holder[];
    };

export type Problem =
  | ParametersProblem
  | GatewayProblem
  | ListenerSetProblem
  | ListenerProblem
  | ParentProblem
  | BackendProblem
  | UnreachableProblem
  | MatchProblem
  | PartProblem
  | RuleProblem
  | KeptProblem
  | RefusedProblem
  | CloudProblem;

export type ProblemKind = Problem['kind'];

export const isRefusal = (problem: Problem): problem is RefusalProblem =>
  problem.kind === 'name-taken' ||
  problem.kind === 'quota-reached' ||
  problem.kind === 'access-denied' ||
  problem.kind === 'cloud-refused';

/** How a stage says what it finds wrong. */
export type Report = (problem: Problem) => void;
