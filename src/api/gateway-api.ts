// gateway.networking.k8s.io, v1, with only the fields that Gatehouse reads or writes. A field with a default in the CRD
// is always set in an object from an API server.
import type { Condition, KubeObject } from '../kube/object.ts';

export const GATEWAY_GROUP = 'gateway.networking.k8s.io';

export interface ParametersReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface GatewayClass extends KubeObject {
  readonly kind: 'GatewayClass';
  readonly spec: {
    readonly controllerName: string;
    readonly parametersRef?: ParametersReference;
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly supportedFeatures?: readonly { readonly name: string }[];
  };
}

export interface SecretReference {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface RouteGroupKind {
  readonly group?: string;
  readonly kind: string;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

/** The namespaces whose objects may attach. */
export interface AllowedNamespaces {
  readonly from?: 'All' | 'Same' | 'Selector' | 'None';
  readonly selector?: LabelSelector;
}

export interface Listener {
  readonly name: string;
  readonly hostname?: string;
  readonly port: number;
  readonly protocol: string;
  readonly tls?: {
    readonly mode?: 'Terminate' | 'Passthrough';
    readonly certificateRefs?: readonly SecretReference[];
    readonly options?: Readonly<Record<string, string>>;
  };
  readonly allowedRoutes?: {
    readonly namespaces?: AllowedNamespaces;
    readonly kinds?: readonly RouteGroupKind[];
  };
}

export interface ListenerStatus {
  readonly name: string;
  readonly supportedKinds?: readonly RouteGroupKind[];
  readonly attachedRoutes: number;
  readonly conditions: readonly Condition[];
}

export interface GatewayAddress {
  readonly type?: string;
  readonly value?: string;
}

/** A reference to an object of any kind in any namespace. */
export interface ObjectReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Whom listeners trust as clients. */
export interface FrontendTls {
  readonly validation?: {
    readonly caCertificateRefs: readonly ObjectReference[];
    readonly mode?: 'AllowValidOnly' | 'AllowInsecureFallback';
  };
}

export interface GatewayTls {
  readonly frontend?: {
    readonly default: FrontendTls;
    readonly perPort?: readonly { readonly port: number; readonly tls: FrontendTls }[];
  };
  /** What the Gateway shows to backends. */
  readonly backend?: { readonly clientCertificateRef?: SecretReference };
}

export interface Gateway extends KubeObject {
  readonly kind: 'Gateway';
  readonly spec: {
    readonly gatewayClassName: string;
    readonly listeners: readonly Listener[];
    readonly addresses?: readonly GatewayAddress[];
    /** The namespaces whose ListenerSets may add listeners; none by default. */
    readonly allowedListeners?: { readonly namespaces?: AllowedNamespaces };
    readonly infrastructure?: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly parametersRef?: ParametersReference;
    };
    readonly tls?: GatewayTls;
  };
  readonly status?: {
    readonly addresses?: readonly GatewayAddress[];
    readonly conditions?: readonly Condition[];
    readonly listeners?: readonly ListenerStatus[];
    readonly attachedListenerSets?: number;
  };
}

export interface ListenerSet extends KubeObject {
  readonly kind: 'ListenerSet';
  readonly spec: {
    readonly parentRef: Omit<ParentReference, 'sectionName' | 'port'>;
    readonly listeners: readonly Listener[];
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly listeners?: readonly ListenerStatus[];
  };
}

export interface ParentReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

export interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
  readonly weight?: number;
}

export interface HttpHeaderMatch {
  readonly type?: 'Exact' | 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

export interface HttpRouteMatch {
  readonly path?: { readonly type?: 'Exact' | 'PathPrefix' | 'RegularExpression'; readonly value?: string };
  readonly headers?: readonly HttpHeaderMatch[];
  readonly queryParams?: readonly HttpHeaderMatch[];
  readonly method?: string;
}

export type HttpPathModifier =
  | { readonly type: 'ReplaceFullPath'; readonly replaceFullPath: string }
  | { readonly type: 'ReplacePrefixMatch'; readonly replacePrefixMatch: string };

export interface HttpHeaderModifier {
  readonly set?: readonly { readonly name: string; readonly value: string }[];
  readonly add?: readonly { readonly name: string; readonly value: string }[];
  readonly remove?: readonly string[];
}

export interface HttpCorsFilter {
  readonly allowOrigins?: readonly string[];
  readonly allowCredentials?: boolean;
  readonly allowMethods?: readonly string[];
  readonly allowHeaders?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  /** In seconds. */
  readonly maxAge?: number;
}

/** `type` names the one other field that is set. Unknown types come from newer CRDs. */
export interface HttpRouteFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HttpHeaderModifier;
  readonly responseHeaderModifier?: HttpHeaderModifier;
  readonly requestMirror?: {
    readonly backendRef: BackendRef;
    readonly percent?: number;
    readonly fraction?: { readonly numerator: number; readonly denominator?: number };
  };
  readonly requestRedirect?: {
    readonly scheme?: 'http' | 'https';
    readonly hostname?: string;
    readonly path?: HttpPathModifier;
    readonly port?: number;
    readonly statusCode?: number;
  };
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: HttpPathModifier };
  readonly cors?: HttpCorsFilter;
  readonly extensionRef?: { readonly group: string; readonly kind: string; readonly name: string };
}

export interface HttpBackendRef extends BackendRef {
  readonly filters?: readonly HttpRouteFilter[];
}

export interface HttpRouteRetry {
  readonly codes?: readonly number[];
  readonly attempts?: number;
  readonly backoff?: string;
}

export interface HttpRouteRule {
  readonly name?: string;
  readonly matches?: readonly HttpRouteMatch[];
  readonly filters?: readonly HttpRouteFilter[];
  readonly backendRefs?: readonly HttpBackendRef[];
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string };
  readonly retry?: HttpRouteRetry;
  readonly sessionPersistence?: Readonly<Record<string, unknown>>;
}

export interface GrpcRouteMatch {
  readonly method?: {
    readonly type?: 'Exact' | 'RegularExpression';
    readonly service?: string;
    readonly method?: string;
  };
  readonly headers?: readonly HttpHeaderMatch[];
}

/** Its filters are a subset of an HTTPRoute's filters. */
export interface GrpcRouteRule {
  readonly name?: string;
  readonly matches?: readonly GrpcRouteMatch[];
  readonly filters?: readonly HttpRouteFilter[];
  readonly backendRefs?: readonly HttpBackendRef[];
  readonly sessionPersistence?: Readonly<Record<string, unknown>>;
}

export interface RouteParentStatus {
  readonly parentRef: ParentReference;
  readonly controllerName: string;
  readonly conditions?: readonly Condition[];
}

export interface HttpRoute extends KubeObject {
  readonly kind: 'HTTPRoute';
  readonly spec: {
    readonly parentRefs?: readonly ParentReference[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly HttpRouteRule[];
  };
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

export interface GrpcRoute extends KubeObject {
  readonly kind: 'GRPCRoute';
  readonly spec: {
    readonly parentRefs?: readonly ParentReference[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly GrpcRouteRule[];
  };
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

/** A rule for whole connections, or for datagrams. */
export interface ConnectionRouteRule {
  readonly name?: string;
  readonly backendRefs?: readonly BackendRef[];
}

/** The API server accepts at most one rule in v1, and more in older versions. */
interface ConnectionRouteSpec {
  readonly parentRefs?: readonly ParentReference[];
  readonly rules?: readonly ConnectionRouteRule[];
}

export interface TcpRoute extends KubeObject {
  readonly kind: 'TCPRoute';
  readonly spec: ConnectionRouteSpec;
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

export interface UdpRoute extends KubeObject {
  readonly kind: 'UDPRoute';
  readonly spec: ConnectionRouteSpec;
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

export interface TlsRoute extends KubeObject {
  readonly kind: 'TLSRoute';
  /** `hostnames` are required in v1. */
  readonly spec: ConnectionRouteSpec & { readonly hostnames?: readonly string[] };
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

export interface ReferenceGrant extends KubeObject {
  readonly kind: 'ReferenceGrant';
  readonly spec: {
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[];
  };
}

/** `sectionName` is the name of a Service's port. */
export interface PolicyTarget {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

export interface SubjectAltName {
  readonly type: 'Hostname' | 'URI';
  readonly hostname?: string;
  readonly uri?: string;
}

export interface PolicyAncestorStatus {
  readonly ancestorRef: ParentReference;
  readonly controllerName: string;
  readonly conditions?: readonly Condition[];
}

export interface BackendTlsPolicy extends KubeObject {
  readonly kind: 'BackendTLSPolicy';
  readonly spec: {
    readonly targetRefs: readonly PolicyTarget[];
    readonly validation: {
      /** In the policy's namespace. */
      readonly caCertificateRefs?: readonly Omit<ObjectReference, 'namespace'>[];
      readonly wellKnownCACertificates?: string;
      readonly hostname: string;
      readonly subjectAltNames?: readonly SubjectAltName[];
    };
  };
  readonly status?: { readonly ancestors?: readonly PolicyAncestorStatus[] };
}
