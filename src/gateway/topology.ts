// What the Gateway API asks of a data plane, in the data plane's own order: the provider-neutral result of translate.

import type { ParentReference, RouteGroupKind } from '../api/gateway-api.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { PortKey, PortServes, ServableProtocol } from './listener-protocols.ts';
import type { Problem } from './problem.ts';
import type { RouteRef } from './problem-place.ts';
import type { RouteId } from './route-id.ts';

/** What translate gives: the topology, and all that the status needs to say. */
export interface Translation extends Results<Problem> {
  /** Absent when the Gateway as a whole is not accepted. What exists then stays as it is. */
  readonly topology?: Topology;
  /** All of the Gateway's routes, by key, ascending; those of the topology among them. */
  readonly routes: readonly RouteTopology[];
}

/** What the status needs to say. */
export interface Results<P> {
  readonly listeners: readonly ListenerResult[];
  readonly attachments: readonly Attachment[];
  readonly problems: readonly P[];
}

export interface Topology {
  readonly gateway: ObjectKey;
  /** One a port, ascending; only ports with at least one listener that is accepted and has its references. */
  readonly ports: readonly PortTopology[];
  /**
   * What is attached to the listeners of these ports, by key, ascending. Nothing is multiplied out: `portEntries` gives
   * the entries (listeners × hostnames × matches) of those rules that a data plane has counted and has room for.
   */
  readonly routes: readonly RouteTopology[];
}

export interface RouteTopology {
  readonly route: RouteRef;
  /** The route's creationTimestamp: where not all rules fit, the oldest routes' do. */
  readonly created?: string;
  /** Lower case, in the route's order; empty: any host. */
  readonly hostnames: readonly string[];
  readonly rules: readonly RuleTopology[];
  /** Where nobody knows what the route asks for, nor what it asked for before: what a data plane has of it serves on. */
  readonly unread?: true;
}

export interface RuleTopology {
  /** The index in the route. */
  readonly rule: number;
  readonly name?: string;
  /** At least one for an HTTPRoute or a GRPCRoute. None for other kinds: they take connections whole. */
  readonly matches: readonly RequestMatch[];
  readonly action: RouteAction;
  /** One a backendRef, whether or not the action is to forward to them. */
  readonly backends: readonly TopologyBackend[];
  /** What a plane must be able to do beside that, and some can't; absent for nothing. */
  readonly needs?: readonly RuleNeed[];
}

/** `field` is a path below the rule. */
export type RuleNeed =
  | { readonly kind: 'filter'; readonly field: string; readonly filter: string; readonly statusCode?: number }
  /** A filter of one backend. */
  | { readonly kind: 'backend-filter'; readonly field: string; readonly filter: string }
  /** Backends whose requests are rewritten in different ways. */
  | { readonly kind: 'backend-rewrites'; readonly field: string }
  | { readonly kind: 'field'; readonly field: 'timeouts' | 'retry' | 'sessionPersistence' };

export interface PortTopology {
  readonly port: number;
  readonly serves: PortServes;
  /** The listeners that share the port: the Gateway's own in its order, then each ListenerSet's in its own. */
  readonly listeners: readonly ListenerTopology[];
}

export interface ListenerTopology {
  readonly name: string;
  /** Absent for the Gateway's own, which comes first; else the place of its ListenerSet among them, from 1. */
  readonly precedence?: number;
  /** Lower case; absent: all hosts. */
  readonly hostname?: string;
  /** Only of protocol TLS. */
  readonly tlsMode?: TlsMode;
  /** None where TLS is not terminated. */
  readonly certificates: readonly CertificateSource[];
  readonly tlsOptions: Readonly<Record<string, string>>;
  /** What is attached to it, in the order of `Topology.routes`. */
  readonly routes: readonly RouteId[];
}

export type TlsMode = 'Terminate' | 'Passthrough';

export type CertificateSource =
  | { readonly kind: 'secret'; readonly secret: ObjectKey; readonly certificate: CertificateSummary }
  /** What was served from a Secret before it went bad, or went: it is served on. `reference` is the provider's name of it. */
  | { readonly kind: 'last'; readonly secret: ObjectKey; readonly reference: string }
  /** What the provider has already, as a listener names it. Whether the listener may have it is for the provider to say. */
  | { readonly kind: 'external'; readonly reference: string };

/** What may be known of a certificate. The private key is not here: whoever imports it reads the Secret. */
export interface CertificateSummary {
  /** SHA-256, hex, of leaf, chain and public key: equal when and only when an import would change nothing. */
  readonly fingerprint: string;
  readonly key: CertificateKey;
  readonly domainNames: readonly string[];
  /** ISO 8601. */
  readonly notAfter: string;
}

export type CertificateKey =
  | { readonly type: 'RSA'; readonly bits: number }
  /** `prime256v1`, `secp384r1`, …: OpenSSL's names. */
  | { readonly type: 'EC'; readonly curve: string };

/** Which requests a rule takes, in one canonical form: what is equal looks equal. */
export interface RequestMatch {
  readonly path: PathMatch;
  /** Each name once, in lower case. */
  readonly headers: readonly ValueMatch[];
  /** Each name once. */
  readonly queryParams: readonly ValueMatch[];
  /** Absent: any. */
  readonly method?: string;
}

/** A prefix has no slash at its end, but for `/`, which every path has. */
export interface PathMatch {
  readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression';
  readonly value: string;
}

export interface ValueMatch {
  readonly type: 'Exact' | 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

/** One hostname × one match of one rule of one route on one port. */
export interface RouteEntry {
  readonly listener: string;
  /** Lower case, exact or `*.suffix`; absent: any host. The intersection of the listener's and the route's. */
  readonly hostname?: string;
  readonly match: RequestMatch;
  readonly source: EntrySource;
  readonly action: RouteAction;
}

export type EntrySource =
  | {
      readonly kind: 'rule';
      readonly route: RouteRef;
      readonly rule: number;
      readonly ruleName?: string;
      readonly match: number;
    }
  | { readonly kind: 'isolate' };

export type RouteAction =
  /** At least one of the backends is valid and has weight. */
  | { readonly kind: 'forward'; readonly backends: readonly TopologyBackend[]; readonly rewrite?: Rewrite }
  | { readonly kind: 'redirect'; readonly redirect: Redirect }
  /** 500 for no valid backend, 404 for isolation. */
  | { readonly kind: 'respond'; readonly statusCode: number };

export interface TopologyBackend {
  /** Absent: an invalid reference, whose share answers 500. */
  readonly service?: BackendService;
  /** 0 to 1,000,000; what the share is relative to is the sum in the action. */
  readonly weight: number;
  /** For its requests alone: absent where all backends of the rule have the same, which is the action's then. */
  readonly rewrite?: Rewrite;
  /** The index in the rule's backendRefs. */
  readonly index: number;
}

export type IpFamily = 'IPv4' | 'IPv6';

export interface BackendService {
  readonly service: ObjectKey;
  /** The Service's port number that the route names. */
  readonly port: number;
  /** That port's protocol, for a UDPRoute. Absent: TCP. */
  readonly transport?: 'UDP';
  /** That port's name in the Service, as its EndpointSlices repeat it; empty for an unnamed one. */
  readonly portName: string;
  /** As the Service says it. */
  readonly appProtocol?: string;
  readonly nodePort?: number;
  readonly healthCheckNodePort?: number;
  /** True when only nodes with a local endpoint take traffic (externalTrafficPolicy: Local). */
  readonly local: boolean;
  /** In the Service's order of preference; at least one. */
  readonly families: readonly IpFamily[];
}

export interface Redirect {
  readonly scheme?: 'http' | 'https';
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: PathModifier;
  readonly statusCode: number;
}

export interface Rewrite {
  readonly hostname?: string;
  readonly path?: PathModifier;
}

export type PathModifier =
  | { readonly kind: 'full'; readonly value: string }
  /** Replaces the prefix that the match has, element-wise, by `value`; `/` for either means the empty prefix. */
  | { readonly kind: 'prefix'; readonly value: string };

export interface ListenerResult {
  /** No other listener of the Gateway has it. */
  readonly name: string;
  /** Where a ListenerSet has it: which, and under which name. */
  readonly ofSet?: { readonly listenerSet: ObjectKey; readonly section: string };
  readonly port: PortKey;
  /** Supported and allowed: what `status.listeners[].supportedKinds` shows. */
  readonly supportedKinds: readonly RouteGroupKind[];
  /** Absent for none. */
  readonly certificates?: readonly CertificateSource[];
  /** False when a problem keeps it out of the data plane. */
  readonly valid: boolean;
}

/** One parentRef of one route that points to this Gateway. Whether it is accepted follows from the problems. */
export interface Attachment {
  readonly route: RouteRef;
  readonly parentRef: ParentReference;
  readonly generation: number;
  /** The listeners that it is attached to, by name. */
  readonly listeners: readonly string[];
  /** How many rules the route has: all of them dropped means not accepted. */
  readonly rules: number;
}

/** What a plane can do. Translate asks only which protocols listeners may have. */
export interface Capabilities {
  readonly protocols: readonly ServableProtocol[];
  readonly http: HttpCapabilities;
}

export interface HttpCapabilities {
  readonly filters: readonly string[];
  /** Those that a backendRef may have. */
  readonly backendFilters: readonly string[];
  /** Whether each backend may have a rewrite of its own. */
  readonly backendRewrites: boolean;
  readonly redirectStatusCodes: readonly number[];
  readonly ruleFields: readonly Extract<RuleNeed, { kind: 'field' }>['field'][];
  readonly matches: readonly (
    | 'path-exact'
    | 'path-prefix'
    | 'path-regex'
    | 'header'
    | 'header-regex'
    | 'query'
    | 'query-regex'
    | 'method'
  )[];
  readonly backendProtocols: readonly BackendProtocol[];
}

/** What a backend may speak behind HTTP listeners. */
export type BackendProtocol = 'HTTP1' | 'H2C' | 'GRPC' | 'WS';
