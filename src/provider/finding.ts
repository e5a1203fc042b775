// A finding is a problem in the form that the status uses: its place, its effect and its sentences. The owner of a problem makes the
// finding. The status knows only findings, so it knows no cloud and no data plane.
import type { ParentReference } from '../api/gateway-api.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { ListenerPlace, ParentPlace, RouteRef, RulePlace } from '../gateway/problem-place.ts';
import type { ObjectKey } from '../kube/object.ts';

interface Said {
  /** The problem's name, such as `backend-not-found`. */
  readonly problem: string;
  /** A path from the object's root. Absent if no single field is wrong. */
  readonly field?: string;
  /** One or two sentences: what is wrong in which field, and how to correct it. Never a secret. */
  readonly words: string;
}

/** Concerns the whole Gateway, and no single listener, ListenerSet or route. */
export interface GatewayFinding extends Said {
  readonly kind: 'gateway';
  readonly effect: GatewayEffect;
}

export interface ListenerFinding extends Said {
  readonly kind: 'listener';
  /** The listener's name, unique in the Gateway. */
  readonly listener: string;
  readonly effect: ListenerEffect;
}

/** The Gateway does not accept the ListenerSet, or not all of it. */
export interface ListenerSetFinding extends Said {
  readonly kind: 'listener-set';
  readonly listenerSet: ObjectKey;
  /** The reason of Accepted. */
  readonly reason: 'NotAllowed' | 'Invalid';
}

/** Keeps a route from one of its parents. */
export interface ParentFinding extends Said {
  readonly kind: 'parent';
  readonly route: RouteRef;
  readonly parentRef: ParentReference;
  /** The reason of Accepted. */
  readonly reason: 'NoMatchingParent' | 'NotAllowedByListeners' | 'NoMatchingListenerHostname' | 'UnsupportedValue';
  /** The route cannot be read, so it is not accepted, even if it is attached to listeners. */
  readonly unread?: true;
}

export interface RuleFinding extends Said {
  readonly kind: 'rule';
  readonly route: RouteRef;
  readonly rule: number;
  readonly effect: RuleEffect;
}

export type RouteFinding = ParentFinding | RuleFinding;

/** Concerns one BackendTLSPolicy. */
export interface PolicyFinding extends Said {
  readonly kind: 'policy';
  readonly policy: ObjectKey;
  readonly effect: PolicyEffect;
}

export type Finding = GatewayFinding | ListenerFinding | ListenerSetFinding | RouteFinding | PolicyFinding;

export type GatewayEffect =
  /** The Gateway is not accepted, and existing resources stay as they are. */
  | {
      readonly kind: 'refused';
      readonly accepted: 'Invalid' | 'InvalidParameters' | 'UnsupportedAddress';
      /** The Gateway's listeners are not known either. */
      readonly unread?: true;
    }
  | Hindrance
  /** The Gateway serves clients without valid certificates. */
  | { readonly kind: 'insecure' }
  /** Only a remark in a message. */
  | { readonly kind: 'remark' };

/** Prevents that accepted resources are created, or that serving ones are changed. */
export interface Hindrance {
  readonly kind: 'hindrance';
  /** The reason of Programmed, while nothing serves. */
  readonly programmed: 'Invalid' | 'Pending' | 'NoResources' | 'AddressNotUsable' | 'AddressNotAssigned';
  /** The reason of gatehouse.dev/UpToDate, while something serves but must change. */
  readonly upToDate: string;
  /** It may pass at the next attempt. While the Gateway serves, it is reported only if it lasts. */
  readonly passing?: true;
  /** Programmed is False though the listeners are served: always, or until it was True for the first time. */
  readonly unprograms?: 'always' | 'at-first';
  /** What it may keep from being served: everything, listeners that admit no clients yet, only routes, or one port. */
  readonly concerns: 'everything' | 'clients' | 'routes' | { readonly ports: readonly PortKey[] };
}

export type ListenerEffect =
  /** The listener is not accepted. */
  | {
      readonly kind: 'unsupported';
      readonly reason: 'UnsupportedProtocol' | 'UnsupportedValue' | 'NoValidCACertificate';
    }
  | { readonly kind: 'conflict'; readonly reason: 'HostnameConflict' | 'ProtocolConflict' }
  /** There is no room for another listener, or for its port. */
  | { readonly kind: 'no-room'; readonly lack: 'listeners' | 'port' }
  | {
      readonly kind: 'unresolved';
      readonly reason:
        | 'InvalidCertificateRef'
        | 'InvalidCACertificateRef'
        | 'InvalidCACertificateKind'
        | 'InvalidRouteKinds'
        | 'RefNotPermitted';
      /** The provider may soon find otherwise: its answer is missing, or the resource does not exist yet. */
      readonly passing?: 'unknown' | 'unseen';
    }
  | { readonly kind: 'overlap' }
  /** Only a remark in the message of Accepted. */
  | { readonly kind: 'remark' };

export type RuleEffect =
  /** A backend is invalid. */
  | {
      readonly kind: 'unresolved';
      readonly reason:
        | 'RefNotPermitted'
        | 'InvalidKind'
        | 'BackendNotFound'
        | 'UnsupportedProtocol'
        // The Gateway API has no reason for it.
        | 'InvalidBackendTLS';
    }
  /** Some backends get no requests. The reason is of gatehouse.dev/TargetsReachable. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The rule is left out, or answers 500. The reason is used for Accepted if all rules are dropped for the same reason. */
  | { readonly kind: 'dropped'; readonly reason: 'UnsupportedValue' | 'IncompatibleFilters' | 'Pending' }
  /** The whole route serves as before its change. */
  | { readonly kind: 'kept' }
  /** The rule serves as before its change. The reason is of gatehouse.dev/UpToDate. */
  | { readonly kind: 'outdated'; readonly reason: string }
  /** Only a remark in the message of Accepted. */
  | { readonly kind: 'remark' };

export type PolicyEffect =
  /** The policy is not accepted. */
  | {
      readonly kind: 'refused';
      readonly reason: 'Conflicted' | 'Invalid' | 'NoValidCACertificate' | 'TargetNotFound';
    }
  /** One of its references cannot be used. */
  | { readonly kind: 'unresolved'; readonly reason: 'InvalidCACertificateRef' | 'InvalidKind' };

// These functions make findings from a problem and its sentences without the field.

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

/** About the clients that a listener trusts. The Gateway says so for all listeners of a port, also for those of ListenerSets. */
export const ofClients = (
  { kind, listener, field }: Named & ListenerPlace,
  sentences: string,
  effect: ListenerEffect,
): ListenerFinding => ({ kind: 'listener', ...said(kind, sentences, below('spec', field)), listener, effect });

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

/** @param field a path from the policy's root */
export const ofPolicy = (
  { kind, policy }: Named & { readonly policy: ObjectKey },
  sentences: string,
  effect: PolicyEffect,
  field: string,
): PolicyFinding => ({ kind: 'policy', ...said(kind, sentences, field), policy, effect });

interface Named {
  readonly kind: string;
}

const said = (problem: string, sentences: string, field: string | undefined): Said =>
  field === undefined ? { problem, words: sentences } : { problem, field, words: `${field}: ${sentences}` };

const below = (root: string, field: string): string => (field === '' ? root : `${root}.${field}`);

/** The listener's own name, without the `namespace/set/` of a ListenerSet. */
export const sectionOf = (listener: string): string => listener.slice(listener.lastIndexOf('/') + 1);
