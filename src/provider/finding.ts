// What was found wrong, as the status tells it: where, with which effect, and in which words. Whoever finds a problem makes the
// finding of it. The status knows findings alone, and so it knows no cloud and no data plane.
import type { ParentReference } from '../api/gateway-api.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { ListenerPlace, ParentPlace, RouteRef, RulePlace } from '../gateway/problem-place.ts';
import type { ObjectKey } from '../kube/object.ts';

interface Said {
  /** The problem's name, such as `backend-not-found`. */
  readonly problem: string;
  /** A path from the object's root; absent where no single field is at fault. */
  readonly field?: string;
  /** One or two sentences: the fault with its field, and the remedy. Never a secret. */
  readonly words: string;
}

/** Concerns the Gateway as a whole: no listener, ListenerSet or route says it. */
export interface GatewayFinding extends Said {
  readonly kind: 'gateway';
  readonly effect: GatewayEffect;
}

export interface ListenerFinding extends Said {
  readonly kind: 'listener';
  /** Its name among all of the Gateway's listeners. */
  readonly listener: string;
  readonly effect: ListenerEffect;
}

/** The Gateway does not take the ListenerSet, or not all of it. */
export interface ListenerSetFinding extends Said {
  readonly kind: 'listener-set';
  readonly listenerSet: ObjectKey;
  /** Of Accepted. */
  readonly reason: 'NotAllowed' | 'Invalid';
}

/** Keeps a route from one of its parents. */
export interface ParentFinding extends Said {
  readonly kind: 'parent';
  readonly route: RouteRef;
  readonly parentRef: ParentReference;
  /** Of Accepted. */
  readonly reason: 'NoMatchingParent' | 'NotAllowedByListeners' | 'NoMatchingListenerHostname' | 'UnsupportedValue';
  /** Nobody knows what the route asks for: so it is not accepted, whatever listeners it is attached to. */
  readonly unread?: true;
}

export interface RuleFinding extends Said {
  readonly kind: 'rule';
  readonly route: RouteRef;
  readonly rule: number;
  readonly effect: RuleEffect;
}

export type RouteFinding = ParentFinding | RuleFinding;

export type Finding = GatewayFinding | ListenerFinding | ListenerSetFinding | RouteFinding;

export type GatewayEffect =
  /** The Gateway is not accepted, and what exists stays as it is. */
  | {
      readonly kind: 'refused';
      readonly accepted: 'Invalid' | 'InvalidParameters' | 'UnsupportedAddress';
      /** Not even its listeners are known. */
      readonly unread?: true;
    }
  | Hindrance
  /** Only said, beside what is well. */
  | { readonly kind: 'remark' };

/** Keeps what is accepted from being made, or what serves from being changed. */
export interface Hindrance {
  readonly kind: 'hindrance';
  /** The reason of Programmed, while nothing serves. */
  readonly programmed: 'Invalid' | 'Pending' | 'NoResources';
  /** The reason of gatehouse.dev/UpToDate, while something serves and is to change. */
  readonly upToDate: string;
  /** It may be gone at the next try. Of what serves it is said only when it lasts. */
  readonly passing?: true;
  /** What it can keep from being served: all listeners; those that exist and admit no clients yet; routes alone; one port. */
  readonly concerns: 'everything' | 'clients' | 'routes' | { readonly port: PortKey };
}

export type ListenerEffect =
  /** It is not accepted. */
  | { readonly kind: 'unsupported'; readonly reason: 'UnsupportedProtocol' | 'UnsupportedValue' }
  | { readonly kind: 'conflict'; readonly reason: 'HostnameConflict' | 'ProtocolConflict' }
  /** There is no room for one more listener, or for its port. */
  | { readonly kind: 'no-room'; readonly lack: 'listeners' | 'port' }
  | {
      readonly kind: 'unresolved';
      readonly reason: 'InvalidCertificateRef' | 'InvalidRouteKinds' | 'RefNotPermitted';
      /** The provider may say otherwise soon: it can't say now whether there is such a thing, or sees none. */
      readonly passing?: 'unknown' | 'unseen';
    }
  | { readonly kind: 'overlap' }
  /** Only said, in the message of Accepted. */
  | { readonly kind: 'remark' };

export type RuleEffect =
  /** A backend is invalid. */
  | {
      readonly kind: 'unresolved';
      readonly reason: 'RefNotPermitted' | 'InvalidKind' | 'BackendNotFound' | 'UnsupportedProtocol';
    }
  /** Some backends get no requests. The reason is of gatehouse.dev/TargetsReachable. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The rule is left out, or answers 500. The reason is of Accepted, where all rules are lost for the same one. */
  | { readonly kind: 'dropped'; readonly reason: 'UnsupportedValue' | 'IncompatibleFilters' | 'Pending' }
  /** The whole route serves as it was before it changed. */
  | { readonly kind: 'kept' }
  /** The rule serves as it was before. The reason is of gatehouse.dev/UpToDate. */
  | { readonly kind: 'outdated'; readonly reason: string }
  /** Only said, in the message of Accepted. */
  | { readonly kind: 'remark' };

// What makes findings. Each takes the problem, and its sentences without the field.

/** @param field a path from the Gateway's root */
export const ofGateway = (
  { kind }: Named,
  sentences: string,
  effect: GatewayEffect,
  field?: string,
): GatewayFinding => ({ kind: 'gateway', ...said(kind, sentences, field), effect });

export const ofListener = (
  { kind, listener, field }: Named & ListenerPlace,
  sentences: string,
  effect: ListenerEffect,
): ListenerFinding => ({
  kind: 'listener',
  ...said(kind, sentences, below(`spec.listeners["${sectionOf(listener)}"]`, field)),
  listener,
  effect,
});

/** @param field a path from the ListenerSet's root */
export const ofListenerSet = (
  { kind, listenerSet }: Named & { readonly listenerSet: ObjectKey },
  sentences: string,
  reason: ListenerSetFinding['reason'],
  field?: string,
): ListenerSetFinding => ({ kind: 'listener-set', ...said(kind, sentences, field), listenerSet, reason });

/** @param field a path from the route's root */
export const ofParent = (
  { kind, route, parentRef }: Named & ParentPlace,
  sentences: string,
  effect: Pick<ParentFinding, 'reason' | 'unread'>,
  field: string,
): ParentFinding => ({ kind: 'parent', ...said(kind, sentences, field), route, parentRef, ...effect });

export const ofRule = (
  { kind, route, rule, field }: Named & RulePlace,
  sentences: string,
  effect: RuleEffect,
): RuleFinding => ({
  kind: 'rule',
  ...said(kind, sentences, below(`spec.rules[${rule}]`, field)),
  route,
  rule,
  effect,
});

interface Named {
  readonly kind: string;
}

const said = (problem: string, sentences: string, field: string | undefined): Said =>
  field === undefined ? { problem, words: sentences } : { problem, field, words: `${field}: ${sentences}` };

const below = (root: string, field: string): string => (field === '' ? root : `${root}.${field}`);

/** A ListenerSet's listener is `namespace/set/name` among its Gateway's, and the Gateway's own just `name`. */
export const sectionOf = (listener: string): string => listener.slice(listener.lastIndexOf('/') + 1);
