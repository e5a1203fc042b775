// Which routes serve, by their own statuses: every replica sees the same, also after a restart.
import type { GatewayInput } from '../gateway/input.ts';
import { parentGateway, parentListenerSet } from '../gateway/references.ts';
import { type RouteId, routeId, routeRef } from '../gateway/route-id.ts';
import { objectKey } from '../kube/object.ts';

/** The routes that this Gateway has accepted. */
export function servingRoutes({ gateway, controllerName, listenerSets, routes }: GatewayInput): ReadonlySet<RouteId> {
  const key = objectKey(gateway.metadata);
  const sets = new Set(listenerSets.map(({ metadata }) => objectKey(metadata)));
  const serving = routes.filter((route) =>
    (route.status?.parents ?? []).some((parent) => {
      const set = parentListenerSet(route, parent.parentRef);
      const isOurs = set === undefined ? parentGateway(route, parent.parentRef) === key : sets.has(set);
      const { conditions = [] } = parent;
      const isAccepted = conditions.some(({ type, status }) => type === 'Accepted' && status === 'True');
      return isOurs && isAccepted && parent.controllerName === controllerName;
    }),
  );
  return new Set(serving.map((route) => routeId(routeRef(route))));
}
