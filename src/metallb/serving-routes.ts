// Which routes serve, by their own statuses: every replica sees the same, also after a restart.
import type { ServedRoute } from '../api/route-kinds.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { parentGateway, parentListenerSet } from '../gateway/references.ts';
import { remembered } from '../gateway/remembered.ts';
import { type RouteId, routeId, routeRef } from '../gateway/route-id.ts';
import { objectKey } from '../kube/object.ts';

/** The routes that this Gateway has accepted. */
export function servingRoutes({ gateway, controllerName, listenerSets, routes }: GatewayInput): ReadonlySet<RouteId> {
  const parents: ReadonlySet<string> = new Set([
    `Gateway ${objectKey(gateway.metadata)}`,
    ...listenerSets.map(({ metadata }) => `ListenerSet ${objectKey(metadata)}`),
  ]);
  const serving = routes.filter((route) =>
    acceptedBy(route).some((each) => each.controllerName === controllerName && parents.has(each.parent)),
  );
  return new Set(serving.map(idOf));
}

const idOf = remembered((route: ServedRoute): RouteId => routeId(routeRef(route)));

interface Acceptance {
  readonly controllerName: string;
  readonly parent: string;
}

/** Who has accepted a route, by the route's status. */
const acceptedBy = remembered((route: ServedRoute): readonly Acceptance[] =>
  (route.status?.parents ?? [])
    .filter(({ conditions = [] }) => conditions.some(({ type, status }) => type === 'Accepted' && status === 'True'))
    .flatMap(({ parentRef, controllerName }) => {
      const set = parentListenerSet(route, parentRef);
      const gateway = parentGateway(route, parentRef);
      if (set !== undefined) return { controllerName, parent: `ListenerSet ${set}` };
      return gateway === undefined ? [] : { controllerName, parent: `Gateway ${gateway}` };
    }),
);
