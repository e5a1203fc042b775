// The Gateway API's route kinds, one per line.
import type { Kind } from '../kube/kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import {
  type BackendRef,
  type ConnectionRouteRule,
  GATEWAY_GROUP,
  type GrpcRoute,
  type HttpRoute,
  type ParentReference,
  type RouteParentStatus,
  type TcpRoute,
  type TlsRoute,
  type UdpRoute,
} from './gateway-api.ts';
import { httpRoutes } from './kinds.ts';

export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute';

/** What routes of all kinds have in common. */
export interface Route extends KubeObject {
  readonly kind: RouteKind;
  readonly spec: { readonly parentRefs?: readonly ParentReference[] };
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

/** Their rules are for whole connections, or for datagrams. */
export type ConnectionRoute = TlsRoute | TcpRoute | UdpRoute;

/** The routes of the kinds that are served. */
export type ServedRoute = HttpRoute | GrpcRoute | ConnectionRoute;

export type RouteOf<K extends ServedRoute['kind']> = Extract<ServedRoute, { kind: K }>;

type RouteResource<R extends Route = Route> = Kind<R> & { readonly kind: R['kind'] };

export interface ServedKind<R extends ServedRoute = ServedRoute> {
  readonly resource: RouteResource<R>;
  /** The kind may be missing in a cluster. Then the cluster has no such routes, and everything else works. */
  readonly optional?: true;
  /** The protocols of listeners that these routes may attach to. */
  readonly protocols: readonly string[];
  /** The hostnames as the user wrote them. Empty means any host. */
  hostnamesOf(route: R): readonly string[];
  /** The backends of each rule. */
  backendsOf(route: R): readonly (readonly BackendRef[])[];
}

const gatewayApi = { group: GATEWAY_GROUP, version: 'v1', namespaced: true } as const;

/** Only the first rule gets connections. v1 allows one rule, and older versions allow more. */
export const connectionRules = ({ spec }: ConnectionRoute): readonly ConnectionRouteRule[] =>
  (spec.rules ?? []).slice(0, 1);

const ofConnections = (route: ConnectionRoute): readonly (readonly BackendRef[])[] =>
  connectionRules(route).map(({ backendRefs = [] }) => backendRefs);

const backendsOf = ({ spec }: ServedRoute): readonly (readonly BackendRef[])[] =>
  (spec.rules ?? []).map(({ backendRefs = [] }) => backendRefs);

/** The versions are those in Gateway API v1.4 to v1.7, in both channels. */
const servedRoutes: { readonly [K in ServedRoute['kind']]: ServedKind<RouteOf<K>> } = {
  HTTPRoute: {
    resource: { ...httpRoutes, kind: 'HTTPRoute' },
    protocols: ['HTTP', 'HTTPS'],
    hostnamesOf: ({ spec }) => spec.hostnames ?? [],
    backendsOf,
  },
  GRPCRoute: {
    resource: { ...gatewayApi, kind: 'GRPCRoute', plural: 'grpcroutes' },
    optional: true,
    protocols: ['HTTP', 'HTTPS'],
    hostnamesOf: ({ spec }) => spec.hostnames ?? [],
    backendsOf,
  },
  TLSRoute: {
    resource: { ...gatewayApi, kind: 'TLSRoute', plural: 'tlsroutes', olderVersions: ['v1alpha3', 'v1alpha2'] },
    optional: true,
    protocols: ['TLS'],
    hostnamesOf: ({ spec }) => spec.hostnames ?? [],
    backendsOf: ofConnections,
  },
  TCPRoute: {
    resource: { ...gatewayApi, kind: 'TCPRoute', plural: 'tcproutes', olderVersions: ['v1alpha2'] },
    optional: true,
    protocols: ['TCP'],
    hostnamesOf: () => [],
    backendsOf: ofConnections,
  },
  UDPRoute: {
    resource: { ...gatewayApi, kind: 'UDPRoute', plural: 'udproutes', olderVersions: ['v1alpha2'] },
    optional: true,
    protocols: ['UDP'],
    hostnamesOf: () => [],
    backendsOf: ofConnections,
  },
};

export const servedKinds: readonly ServedKind[] = Object.values(servedRoutes);

export const servedKindOf = ({ kind }: Pick<ServedRoute, 'kind'>): ServedKind => servedRoutes[kind];
