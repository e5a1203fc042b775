// How a route is told from all others: an HTTPRoute and a GRPCRoute may have one name.
import type { Route } from '../api/route-kinds.ts';
import { objectKey } from '../kube/object.ts';
import type { RouteRef } from './problem-place.ts';

/** `shop/web` for an HTTPRoute, `GRPCRoute/shop/web` for another kind: tags of HTTPRoutes had no kind before there were others. */
export type RouteId = string & { readonly __brand: 'RouteId' };

export function routeId({ kind, key }: RouteRef): RouteId {
  const id: string = kind === 'HTTPRoute' ? key : `${kind}/${key}`;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand's one constructor
  return id as RouteId;
}

export const routeRef = ({ kind, metadata }: Route): RouteRef => ({ kind, key: objectKey(metadata) });
