// The identity of a route. It contains the kind, because an HTTPRoute and a GRPCRoute may have the same name.
import type { Route } from '../api/route-kinds.ts';
import { objectKey } from '../kube/object.ts';
import type { RouteRef } from './problem-place.ts';

/** `GRPCRoute/shop/web`, or `shop/web` for an HTTPRoute: existing tags of HTTPRoutes have no kind. */
export type RouteId = string & { readonly __brand: 'RouteId' };

export function routeId({ kind, key }: RouteRef): RouteId {
  const id: string = kind === 'HTTPRoute' ? key : `${kind}/${key}`;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand's one constructor
  return id as RouteId;
}

export const routeRef = ({ kind, metadata }: Route): RouteRef => ({ kind, key: objectKey(metadata) });
