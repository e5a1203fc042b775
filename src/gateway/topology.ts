// What a data plane must do: the result of translate. It is the same for every provider.

import type { ParentReference, RouteGroupKind } from '../api/gateway-api.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { PortKey, PortServes } from './listener-protocols.ts';
import type { Problem } from './problem.ts';
import type { RouteRef } from './problem-place.ts';
import type { RouteAction, TopologyBackend } from './route-action.ts';
import type { RouteId } from './route-id.ts';

/** The result of translate: the topology, and what the status needs. */
export interface Translation extends Results<Problem> {
  /** Absent if the Gateway is not accepted. Then existing resources stay as they are. */
  readonly topology?: Topology;
  /** All routes of the Gateway, sorted by key. The topology's routes are among them. */
  readonly routes: readonly RouteTopology[];
}

/** What the status needs. */
export interface Results<P> {
  readonly listeners: readonly ListenerResult[];
  readonly attachments: readonly Attachment[];
  /** The BackendTLSPolicies of the Services that the Gateway sends requests to, sorted by key. Absent for none. */
  readonly policies?: readonly PolicyResult[];
  readonly problems: readonly P[];
}

export interface PolicyResult {
  readonly policy: ObjectKey;
  readonly generation: number;
}

export interface Topology {
  readonly gateway: ObjectKey;
  /** The addresses that it must have, in the Gateway's order. Absent if it may have any. */
  readonly addresses?: readonly RequestedAddress[];
  /** The ports with at least one valid listener, in ascending order. */
  readonly ports: readonly PortTopology[];
  /**
   * The routes attached to these listeners, sorted by key. `portEntries` makes the entries (listeners × hostnames × matches) later,
   * only for rules that a data plane has room for.
   */
  readonly routes: readonly RouteTopology[];
  /** The CA certificates that backends and clients are checked with, in PEM, by ConfigMap. Absent for none. */
  readonly authorities?: Readonly<Record<ObjectKey, string>>;
}

export interface RequestedAddress {
  /** A path below the Gateway's spec. */
  readonly field: string;
  /** Absent for an IPAddress. */
  readonly type?: string;
  readonly value: string;
}

export interface RouteTopology {
  readonly route: RouteRef;
  /** The route's creationTimestamp. If not all rules fit, the oldest routes have precedence. */
  readonly created?: string;
  /** In lower case, in the route's order. Empty means any host. */
  readonly hostnames: readonly string[];
  readonly rules: readonly RuleTopology[];
  /** Set if neither the current nor an earlier spec could be read. The data plane keeps the rules that it has for the route. */
  readonly unread?: true;
}

export interface RuleTopology {
  /** The rule's index in the route. */
  readonly rule: number;
  readonly name?: string;
  /** At least one for an HTTPRoute or a GRPCRoute. None for other kinds: they take connections whole. */
  readonly matches: readonly RequestMatch[];
  readonly action: RouteAction;
  /** One for each backendRef, even if the action does not forward to it. */
  readonly backends: readonly TopologyBackend[];
  /** Capabilities that the rule needs and that not every plane has. Absent if there are none. */
  readonly needs?: readonly RuleNeed[];
}

/** A capability that a rule needs. `field` is a path below the rule. */
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
  /**
   * The listeners of another protocol that share the port number by server name. Only a plane that serves HTTPS and TLS on one number
   * sets it: their hosts are not for this port.
   */
  readonly beside?: readonly ListenerTopology[];
}

export interface ListenerTopology {
  readonly name: string;
  /** The position of its ListenerSet, from 1. Absent for the Gateway's own listeners, which come first. */
  readonly precedence?: number;
  /** In lower case. Absent means all hosts. */
  readonly hostname?: string;
  /** Only of protocol TLS. */
  readonly tlsMode?: TlsMode;
  /** None where TLS is not terminated. */
  readonly certificates: readonly CertificateSource[];
  readonly tlsOptions: Readonly<Record<string, string>>;
  /** How it checks the certificates of clients. Absent if it asks for none. */
  readonly clients?: ClientValidation;
  /** The attached routes, in the order of `Topology.routes`. */
  readonly routes: readonly RouteId[];
}

export interface ClientValidation {
  /** `optional`: also clients without a certificate, or with one that is not valid, are served. */
  readonly mode: 'required' | 'optional';
  /** At least one, each with an entry in `Topology.authorities`. */
  readonly configMaps: readonly ObjectKey[];
}

export type TlsMode = 'Terminate' | 'Passthrough';

export type CertificateSource =
  | { readonly kind: 'secret'; readonly secret: ObjectKey; readonly certificate: CertificateSummary }
  /** The Secret is unusable, so the certificate last imported from it still serves. `reference` is the provider's name of it. */
  | { readonly kind: 'last'; readonly secret: ObjectKey; readonly reference: string }
  /** A certificate that the provider has already, as a listener names it. The provider decides whether the listener may use it. */
  | { readonly kind: 'external'; readonly reference: string };

/** The public data of a certificate. Who imports the certificate reads the private key from the Secret. */
export interface CertificateSummary {
  /** SHA-256 of leaf, chain and public key, in hex. It is equal exactly if an import would change nothing. */
  readonly fingerprint: string;
  readonly key: CertificateKey;
  readonly domainNames: readonly string[];
  /** ISO 8601. */
  readonly notAfter: string;
}

export type CertificateKey =
  | { readonly type: 'RSA'; readonly bits: number }
  /** OpenSSL's names: `prime256v1`, `secp384r1`, … */
  | { readonly type: 'EC'; readonly curve: string };

/** Which requests a rule matches. The form is canonical: equal matches are written in the same way. */
export interface RequestMatch {
  readonly path: PathMatch;
  /** In lower case. Each name occurs once. */
  readonly headers: readonly ValueMatch[];
  /** Each name occurs once. */
  readonly queryParams: readonly ValueMatch[];
  /** Absent means any method. */
  readonly method?: string;
  /** Absent means any request, gRPC or not. */
  readonly grpc?: GrpcMethod;
}

/** Only gRPC requests: they go to path `/SERVICE/METHOD`. The path of the match says the same. Precedence follows from this. */
export interface GrpcMethod {
  readonly type: 'Exact' | 'RegularExpression';
  /** Absent means any. */
  readonly service?: string;
  /** Absent means any. */
  readonly method?: string;
}

/** A prefix does not end in a slash, except `/` itself, which matches every path. */
export interface PathMatch {
  readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression';
  readonly value: string;
}

export interface ValueMatch {
  readonly type: 'Exact' | 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

/** One hostname and one match of a route's rule, on one port. */
export interface RouteEntry {
  readonly listener: string;
  /** The intersection of the listener's and the route's hostname, in lower case. Absent means any host. */
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

export interface ListenerResult {
  /** Unique in the Gateway. */
  readonly name: string;
  /** For a listener of a ListenerSet: the set, and the listener's name in it. */
  readonly ofSet?: { readonly listenerSet: ObjectKey; readonly section: string };
  readonly port: PortKey;
  /** The supported and allowed kinds, for `status.listeners[].supportedKinds`. */
  readonly supportedKinds: readonly RouteGroupKind[];
  /** Absent if there are none. */
  readonly certificates?: readonly CertificateSource[];
  /** False if a problem keeps it out of the data plane. */
  readonly valid: boolean;
}

/** A route's parentRef that points to this Gateway. Whether it is accepted depends on the problems. */
export interface Attachment {
  readonly route: RouteRef;
  readonly parentRef: ParentReference;
  readonly generation: number;
  /** The names of the listeners that the route is attached to. */
  readonly listeners: readonly string[];
  /** How many rules the route has. If all are dropped, the route is not accepted. */
  readonly rules: number;
}
