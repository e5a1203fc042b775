// What the Gateway API's rules find wrong with a route: with one of its parents, or with one of its rules.
import type { Fault, ObjectKey } from '../kube/object.ts';
import type { ParentPlace, RulePlace } from './problem-place.ts';

/** The route has a shape that we don't know. */
export interface RouteUnreadable extends ParentPlace {
  readonly kind: 'route-unreadable';
  readonly fault: Fault;
}

/** The parentRef names no listener of its parent. */
export interface ParentNotMatching extends ParentPlace {
  readonly kind: 'parent-not-matching';
  /** The parent's listeners, by name. */
  readonly available: readonly string[];
}

/** No listener's `allowedRoutes` admits the route. */
export interface RouteNotAllowed extends ParentPlace {
  readonly kind: 'route-not-allowed';
  readonly listeners: readonly string[];
}

/** No hostname of the route overlaps with a listener's. */
export interface HostnameNotMatching extends ParentPlace {
  readonly kind: 'hostname-not-matching';
  readonly listeners: readonly string[];
}

/** A backendRef names something else than a Service. */
export interface BackendKindUnknown extends RulePlace {
  readonly kind: 'backend-kind-unknown';
  readonly reference: string;
}

/** No ReferenceGrant lets the route use the Service. */
export interface BackendNotPermitted extends RulePlace {
  readonly kind: 'backend-not-permitted';
  readonly reference: string;
  readonly namespace: string;
}

/** Where in a rule a Service is referred to. */
interface ServicePlace extends RulePlace {
  readonly service: ObjectKey;
}

/** The Service does not exist. */
export interface BackendNotFound extends ServicePlace {
  readonly kind: 'backend-not-found';
}

/** The backendRef names no port. */
export interface BackendPortMissing extends ServicePlace {
  readonly kind: 'backend-port-missing';
}

/** The Service has no such port. */
export interface BackendPortNotFound extends ServicePlace {
  readonly kind: 'backend-port-not-found';
  readonly port: number;
  readonly available: readonly number[];
}

/** The Service's port has an appProtocol, or a protocol, that is not spoken to it. */
export interface BackendProtocolUnsupported extends ServicePlace {
  readonly kind: 'backend-protocol-unsupported';
  readonly protocol: string;
}

/** A Service of type ExternalName has no endpoints. */
export interface BackendExternalName extends ServicePlace {
  readonly kind: 'backend-external-name';
}

/** No data plane has the filter. */
export interface FilterUnsupported extends RulePlace {
  readonly kind: 'filter-unsupported';
  readonly filter: string;
}

/** The Gateway API doesn't allow these filters together. */
export interface FiltersIncompatible extends RulePlace {
  readonly kind: 'filters-incompatible';
  readonly filters: readonly string[];
}

/** No data plane does for a rule what this field asks for. */
export interface RuleFieldUnsupported extends RulePlace {
  readonly kind: 'rule-field-unsupported';
}

/** No data plane redirects with this status. */
export interface RedirectStatusUnsupported extends RulePlace {
  readonly kind: 'redirect-status-unsupported';
  readonly statusCode: number;
  readonly allowed: readonly number[];
}

/** The redirect can't be expressed. */
export interface RedirectUnsupported extends RulePlace {
  readonly kind: 'redirect-unsupported';
  readonly why:
    | { readonly kind: 'needs-prefix-match' }
    /** Something else is to stand in place of the prefix. */
    | { readonly kind: 'prefix-replaced' }
    /** Nothing but the prefix differs from the request's. */
    | { readonly kind: 'only-prefix' }
    | { readonly kind: 'https-to-http' }
    | { readonly kind: 'too-long'; readonly limit: number };
}

/** The rewrite can't be expressed. */
export interface RewriteUnsupported extends RulePlace {
  readonly kind: 'rewrite-unsupported';
  readonly why:
    | { readonly kind: 'needs-prefix-match' }
    /** The rule's backends have not all the same. */
    | { readonly kind: 'not-shared' }
    /** A dollar sign before a digit stands for a group of a regular expression. */
    | { readonly kind: 'group'; readonly replacement: string }
    | { readonly kind: 'too-long'; readonly limit: number };
}

export type ParentProblem = RouteUnreadable | ParentNotMatching | RouteNotAllowed | HostnameNotMatching;

/** The backend's share of the requests answers 500. */
export type BackendProblem =
  | BackendKindUnknown
  | BackendNotPermitted
  | BackendNotFound
  | BackendPortMissing
  | BackendPortNotFound
  | BackendProtocolUnsupported
  | BackendExternalName;

/** The rule's requests answer 500. */
export type RuleProblem =
  | FilterUnsupported
  | FiltersIncompatible
  | RuleFieldUnsupported
  | RedirectStatusUnsupported
  | RedirectUnsupported
  | RewriteUnsupported;

export type RouteProblem = ParentProblem | BackendProblem | RuleProblem;
