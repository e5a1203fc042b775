// The Gateway API's route kinds, one per line. If a kind is not served yet, the status of its routes says so.
import type { Kind } from '../kube/kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import { GATEWAY_GROUP, type ParentReference, type RouteParentStatus } from './gateway-api.ts';

export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute';

/** What routes of all kinds have in common. */
export interface Route extends KubeObject {
  readonly kind: RouteKind;
  readonly spec: { readonly parentRefs?: readonly ParentReference[] };
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

const route = { group: GATEWAY_GROUP, version: 'v1', namespaced: true } as const;

/** The versions are those of Gateway API v1.4 to v1.7, of both channels. */
type RouteResource = Kind<Route> & { readonly kind: RouteKind };

const routeKinds: readonly { readonly resource: RouteResource; readonly served: boolean }[] = [
  { served: true, resource: { ...route, kind: 'HTTPRoute', plural: 'httproutes' } },
  { served: false, resource: { ...route, kind: 'GRPCRoute', plural: 'grpcroutes' } },
  {
    served: false,
    resource: { ...route, kind: 'TLSRoute', plural: 'tlsroutes', olderVersions: ['v1alpha3', 'v1alpha2'] },
  },
  { served: false, resource: { ...route, kind: 'TCPRoute', plural: 'tcproutes', olderVersions: ['v1alpha2'] } },
  { served: false, resource: { ...route, kind: 'UDPRoute', plural: 'udproutes', olderVersions: ['v1alpha2'] } },
];

export const unservedRoutes: readonly RouteResource[] = routeKinds.flatMap(({ served, resource }) =>
  served ? [] : [resource],
);
