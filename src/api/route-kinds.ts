// The Gateway API's route kinds, one per line. If a kind is not served yet, the status of its routes says so.
import type { Kind } from '../kube/kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import {
  type BackendRef,
  GATEWAY_GROUP,
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
export type ServedRoute = HttpRoute | ConnectionRoute;

export type RouteOf<K extends ServedRoute['kind']> = Extract<ServedRoute, { kind: K }>;

type RouteResource<R extends Route = Route> = Kind<R> & { readonly kind: R['kind'] };

export interface ServedKind<R extends ServedRoute = ServedRoute> {
  readonly resource: RouteResource<R>;
  /** A cluster may be without the kind. Then it has no such routes, and nothing else is missing. */
  readonly optional?: true;
  /** Of the listeners that they attach to. */
  readonly protocols: readonly string[];
  /** As they are written; none: any host. */
  hostnamesOf(route: R): readonly string[];
  /** Of each rule, its backends. */
  backendsOf(route: R): readonly (readonly BackendRef[])[];
}

const route = { group: GATEWAY_GROUP, version: 'v1', namespaced: true } as const;

const backendsOf = ({ spec }: ServedRoute): readonly (readonly BackendRef[])[] =>
  (spec.rules ?? []).map(({ backendRefs = [] }) => backendRefs);

/** The versions are those of Gateway API v1.4 to v1.7, of both channels. */
const servedRoutes: { readonly [K in ServedRoute['kind']]: ServedKind<RouteOf<K>> } = {
  HTTPRoute: {
    resource: { ...httpRoutes, kind: 'HTTPRoute' },
    protocols: ['HTTP', 'HTTPS'],
    hostnamesOf: ({ spec }) => spec.hostnames ?? [],
    backendsOf,
  },
  TLSRoute: {
    resource: { ...route, kind: 'TLSRoute', plural: 'tlsroutes', olderVersions: ['v1alpha3', 'v1alpha2'] },
    optional: true,
    protocols: ['TLS'],
    hostnamesOf: ({ spec }) => spec.hostnames ?? [],
    backendsOf,
  },
  TCPRoute: {
    resource: { ...route, kind: 'TCPRoute', plural: 'tcproutes', olderVersions: ['v1alpha2'] },
    optional: true,
    protocols: ['TCP'],
    hostnamesOf: () => [],
    backendsOf,
  },
  UDPRoute: {
    resource: { ...route, kind: 'UDPRoute', plural: 'udproutes', olderVersions: ['v1alpha2'] },
    optional: true,
    protocols: ['UDP'],
    hostnamesOf: () => [],
    backendsOf,
  },
};

export const servedKinds: readonly ServedKind[] = Object.values(servedRoutes);

export const servedKindOf = ({ kind }: Pick<ServedRoute, 'kind'>): ServedKind => servedRoutes[kind];

export const unservedRoutes: readonly RouteResource[] = [{ ...route, kind: 'GRPCRoute', plural: 'grpcroutes' }];
