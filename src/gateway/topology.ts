// What a data plane must do: the result of translate. It is the same for every provider.

import type { ParentReference, RouteGroupKind } from '../api/gateway-api.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { PortKey, PortServes } from './listener-protocols.ts';
import type { Problem } from './problem.ts';
import type { RouteRef } from './problem-place.ts';
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

export type RouteAction =
  /** At least one of the backends is valid and has weight. */
  | Forward
  | {
      readonly kind: 'redirect';
      readonly redirect: Redirect;
      readonly responseHeaders?: HeaderChanges;
      readonly cors?: Cors;
    }
  /** 500 if no backend is valid, or 503 for gRPC. 404 for isolation. */
  | { readonly kind: 'respond'; readonly statusCode: number };

export interface Forward extends ForwardFilters {
  readonly kind: 'forward';
  readonly backends: readonly TopologyBackend[];
}

/** What else happens to the requests that are forwarded, and to their responses. */
export interface ForwardFilters extends HeaderFilters {
  readonly rewrite?: Rewrite;
  /** Each has a valid backend. Absent for none. */
  readonly mirrors?: readonly Mirror[];
  readonly timeouts?: Timeouts;
  readonly retry?: Retry;
  readonly cors?: Cors;
}

/** A request is sent again if no backend answers it, or if the answer has one of these codes. */
export interface Retry {
  readonly codes: readonly number[];
  /** How often at most. 0 means never, whatever a plane does by itself. */
  readonly attempts: number;
  /** How many milliseconds to wait before the first retry, about. Absent if that is the plane's choice. */
  readonly backoff?: number;
}

/** Which pages of other origins may send requests and read the responses. */
export interface Cors {
  /** None means that no page may. */
  readonly origins: readonly CorsOrigin[];
  /** Whether requests may have credentials. Then browsers read `*` in a response as a name. */
  readonly credentials: boolean;
  /** `*` stands for all methods, or all headers. */
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  /** The headers of a response that a page may read. */
  readonly exposed: readonly string[];
  /** How many seconds a browser may remember the answer to a preflight request. */
  readonly maxAge: number;
}

export type CorsOrigin =
  | { readonly kind: 'any' }
  | {
      readonly kind: 'host';
      readonly scheme: 'http' | 'https';
      /** In lower case. `*` is any host, and `*.a.com` any host below a.com. */
      readonly host: string;
      /** Absent for the default port of the scheme. */
      readonly port?: number;
    };

/** Absent where nothing changes. */
interface HeaderFilters {
  readonly requestHeaders?: HeaderChanges;
  readonly responseHeaders?: HeaderChanges;
}

/** Names are in lower case, and each occurs once in each list. */
export interface HeaderChanges {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

export interface HeaderValue {
  readonly name: string;
  readonly value: string;
}

/** The backend gets copies of requests, and its responses are ignored. */
export interface Mirror {
  readonly service: BackendService;
  /** Which part of the requests is copied. */
  readonly numerator: number;
  readonly denominator: number;
}

/** In milliseconds. 0 means no limit. */
export interface Timeouts {
  /** From the request's start until the response is complete. */
  readonly request?: number;
  /** The same for one try to reach a backend. */
  readonly backendRequest?: number;
}

export interface TopologyBackend extends HeaderFilters {
  /** Absent for an invalid reference. Its share of requests is answered 500. */
  readonly service?: BackendService;
  /** 0 to 1,000,000, relative to the sum of the action's weights. */
  readonly weight: number;
  /** The rewrite of this backend only, in the place of the action's. Absent if all backends share a rewrite: then the action has it. */
  readonly rewrite?: Rewrite;
  /** Its share of requests is redirected. */
  readonly redirect?: Redirect;
  /** Besides the action's. Each has a valid backend. Absent for none. */
  readonly mirrors?: readonly Mirror[];
  /** In the place of the action's. */
  readonly cors?: Cors;
  /** The backend's index in backendRefs. */
  readonly index: number;
}

export type IpFamily = 'IPv4' | 'IPv6';

export interface BackendService {
  readonly service: ObjectKey;
  /** The Service's port number that the route names. */
  readonly port: number;
  /** The port's protocol, for a UDPRoute. Absent means TCP. */
  readonly transport?: 'UDP';
  /** Of a UDP port: the Service's TCP ports, whose targets are the same pods. Absent for none. */
  readonly tcp?: readonly TcpPort[];
  /** The port's name in the Service and its EndpointSlices. Empty for an unnamed port. */
  readonly portName: string;
  /** As the Service has it. */
  readonly appProtocol?: string;
  /** For a GRPCRoute: the backend must speak gRPC. */
  readonly grpc?: true;
  readonly nodePort?: number;
  readonly healthCheckNodePort?: number;
  /** Whether only nodes with a local endpoint take traffic (externalTrafficPolicy: Local). */
  readonly local: boolean;
  /** At least one, in the Service's order of preference. */
  readonly families: readonly IpFamily[];
  /** Absent if no BackendTLSPolicy has the port. Connections that the Gateway passes through have the client's TLS, whatever it says. */
  readonly tls?: BackendTls;
}

/** TLS to a backend, as a BackendTLSPolicy says it. */
export interface BackendTls {
  readonly policy: ObjectKey;
  /** The name that the Gateway calls (SNI). */
  readonly serverName: string;
  /** The backend's certificate must have one of these names. At least one. */
  readonly names: readonly SubjectName[];
  readonly authorities: Authorities;
}

/** `*.example.com` means only this name itself. */
export interface SubjectName {
  readonly kind: 'dns' | 'uri';
  readonly value: string;
}

/** Who may have signed a certificate. */
export type Authorities =
  /** Those that the data plane's system trusts. */
  | { readonly kind: 'system' }
  /** At least one, each with an entry in `Topology.authorities`. */
  | { readonly kind: 'config-maps'; readonly configMaps: readonly ObjectKey[] }
  /** Nobody: the policy is invalid, or its status has no room for the Gateway. No request may reach the backend. */
  | { readonly kind: 'none'; readonly why: 'invalid' | 'ancestors' };

/** A TCP port of a Service that has a UDP port. */
export interface TcpPort {
  readonly port: number;
  /** Whether its target port is that of the UDP port in all pods. */
  readonly sameTarget: boolean;
  /** Whether one of these target ports is a name, and no EndpointSlice has its number. */
  readonly isUnknown?: true;
  /** Absent if it is a name, and the EndpointSlices have no number for it, or several. */
  readonly targetPort?: number;
  readonly nodePort?: number;
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
  /** Replaces the matched prefix by `value`, in whole path elements. `/` means the empty prefix. */
  | { readonly kind: 'prefix'; readonly value: string };

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
