// Problems of a route by the Gateway API's rules: each concerns one of its parents, or one of its rules.
import type { Fault, ObjectKey } from '../kube/object.ts';
import type { ParentPlace, RouteRef, RulePlace } from './problem-place.ts';

/** We do not know the route's format. */
export interface RouteUnreadable extends ParentPlace {
  readonly kind: 'route-unreadable';
  readonly fault: Fault;
}

/** The parentRef matches no listener of its parent. */
export interface ParentNotMatching extends ParentPlace {
  readonly kind: 'parent-not-matching';
  /** The parent's listeners, by name. */
  readonly available: readonly string[];
}

/** The `allowedRoutes` of no listener admit the route. */
export interface RouteNotAllowed extends ParentPlace {
  readonly kind: 'route-not-allowed';
  readonly listeners: readonly string[];
  /** The protocols of the route's kind, if no listener has one of these. */
  readonly protocols?: readonly string[];
}

/** No hostname of the route overlaps with a listener's. */
export interface HostnameNotMatching extends ParentPlace {
  readonly kind: 'hostname-not-matching';
  readonly listeners: readonly string[];
}

/** A backendRef does not name a Service. */
export interface BackendKindUnknown extends RulePlace {
  readonly kind: 'backend-kind-unknown';
  readonly reference: string;
}

/** No ReferenceGrant allows the route to use the Service. */
export interface BackendNotPermitted extends RulePlace {
  readonly kind: 'backend-not-permitted';
  readonly reference: string;
  readonly namespace: string;
}

/** Other routes come first for all connections that the route could get from the listeners. */
export interface RouteWaits extends RulePlace {
  readonly kind: 'route-waits';
  readonly listeners: readonly string[];
  readonly for: RouteRef;
}

/** A reference to a Service in a rule. */
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

/** The data plane does not support the protocol or appProtocol of the Service's port. */
export interface BackendProtocolUnsupported extends ServicePlace {
  readonly kind: 'backend-protocol-unsupported';
  readonly protocol: string;
}

/** The Service's port has a BackendTLSPolicy, and the data plane cannot check the certificates of backends. */
export interface BackendTlsUnsupported extends ServicePlace {
  readonly kind: 'backend-tls-unsupported';
  readonly policy: ObjectKey;
}

/** The BackendTLSPolicy of the Service's port is invalid, or its status has no room for the Gateway. */
export interface BackendTlsInvalid extends ServicePlace {
  readonly kind: 'backend-tls-invalid';
  readonly policy: ObjectKey;
  readonly why: 'invalid' | 'ancestors';
}

/** The Service's port of this number is a TCP port and the route needs a UDP port, or the other way round. */
export interface BackendTransportMismatch extends ServicePlace {
  readonly kind: 'backend-transport-mismatch';
  readonly port: number;
  readonly transport: string;
}

/** A Service of type ExternalName has no endpoints. */
export interface BackendExternalName extends ServicePlace {
  readonly kind: 'backend-external-name';
}

/** No data plane supports the filter. */
export interface FilterUnsupported extends RulePlace {
  readonly kind: 'filter-unsupported';
  readonly filter: string;
}

/** The Gateway API does not allow these filters together. */
export interface FiltersIncompatible extends RulePlace {
  readonly kind: 'filters-incompatible';
  readonly filters: readonly string[];
}

/** No data plane supports this field of a rule. */
export interface RuleFieldUnsupported extends RulePlace {
  readonly kind: 'rule-field-unsupported';
}

/** The value is not an origin, a method or the name of a header. */
export interface CorsMalformed extends RulePlace {
  readonly kind: 'cors-malformed';
  readonly value: string;
}

/** The data plane does not support redirects with this status. */
export interface RedirectStatusUnsupported extends RulePlace {
  readonly kind: 'redirect-status-unsupported';
  readonly statusCode: number;
  readonly allowed: readonly number[];
}

/** The data plane cannot express the redirect. */
export interface RedirectUnsupported extends RulePlace {
  readonly kind: 'redirect-unsupported';
  readonly why:
    | { readonly kind: 'needs-prefix-match' }
    | { readonly kind: 'line-break' }
    /** The prefix is to be replaced by another one. */
    | { readonly kind: 'prefix-replaced' }
    /** Only the prefix differs from that of the request. */
    | { readonly kind: 'only-prefix' }
    | { readonly kind: 'https-to-http' }
    | { readonly kind: 'too-long'; readonly limit: number };
}

/** The data plane cannot express the rewrite. */
export interface RewriteUnsupported extends RulePlace {
  readonly kind: 'rewrite-unsupported';
  readonly why:
    | { readonly kind: 'needs-prefix-match' }
    | { readonly kind: 'line-break' }
    /** The backends of the rule have different rewrites. */
    | { readonly kind: 'not-shared' }
    /** A dollar sign before a digit stands for a group of a regular expression. */
    | { readonly kind: 'group'; readonly replacement: string }
    | { readonly kind: 'too-long'; readonly limit: number };
}

export type ParentProblem = RouteUnreadable | ParentNotMatching | RouteNotAllowed | HostnameNotMatching;

/** The backend's share of the requests is answered 500. */
export type BackendProblem =
  | BackendKindUnknown
  | BackendNotPermitted
  | BackendNotFound
  | BackendPortMissing
  | BackendPortNotFound
  | BackendProtocolUnsupported
  | BackendTlsUnsupported
  | BackendTlsInvalid
  | BackendTransportMismatch
  | BackendExternalName;

/** The rule's requests are answered 500. */
export type RuleProblem =
  | FilterUnsupported
  | FiltersIncompatible
  | CorsMalformed
  | RuleFieldUnsupported
  | RedirectStatusUnsupported
  | RedirectUnsupported
  | RewriteUnsupported;

export type RouteProblem = ParentProblem | RouteWaits | BackendProblem | RuleProblem;
