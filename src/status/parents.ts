// The entries of a route's `status.parents`: ours among those of other Gateways and other controllers.
import type { ParentReference, RouteParentStatus } from '../api/gateway-api.ts';
import type { Route } from '../api/route-kinds.ts';
import { parentGateway, parentListenerSet } from '../gateway/references.ts';
import type { ObjectKey } from '../kube/object.ts';

/** The parents whose entries are updated. */
export interface ParentsOf {
  /** Absent if only entries of deleted ListenerSets are updated. */
  readonly gateway?: ObjectKey;
  /** The Gateway's ListenerSets, or the deleted ones. */
  readonly listenerSets: ReadonlySet<ObjectKey>;
  readonly controllerName: string;
}

export const sameParent = (left: ParentReference, right: ParentReference): boolean =>
  (left.kind ?? 'Gateway') === (right.kind ?? 'Gateway') &&
  left.name === right.name &&
  left.namespace === right.namespace &&
  left.sectionName === right.sectionName &&
  left.port === right.port;

/** Whether a parentRef of the route points to the Gateway, or to a ListenerSet of it. */
function pointsTo(
  route: Route,
  parentRef: ParentReference,
  { gateway, listenerSets }: Omit<ParentsOf, 'controllerName'>,
): boolean {
  const set = parentListenerSet(route, parentRef);
  if (set !== undefined) return listenerSets.has(set);
  return gateway !== undefined && parentGateway(route, parentRef) === gateway;
}

/**
 * The route's `status.parents` with our entries updated. Entries of other Gateways and other controllers stay as they are. Our
 * entries that are not among `parentRefs` are removed.
 */
export function parentsWith(
  route: Route,
  whose: ParentsOf,
  parentRefs: readonly ParentReference[],
  conditionsOf: (
    parentRef: ParentReference,
    before: RouteParentStatus['conditions'],
    index: number,
  ) => NonNullable<RouteParentStatus['conditions']>,
): readonly RouteParentStatus[] {
  const { controllerName } = whose;
  const existing = route.status?.parents ?? [];
  const isOurs = (entry: RouteParentStatus): boolean =>
    entry.controllerName === controllerName && pointsTo(route, entry.parentRef, whose);
  const next = parentRefs.map((parentRef, index): RouteParentStatus => {
    const before = existing.find((entry) => isOurs(entry) && sameParent(entry.parentRef, parentRef));
    return { parentRef, controllerName, conditions: conditionsOf(parentRef, before?.conditions, index) };
  });
  // Our entries keep their places, and new ones follow. So an unchanged list stays equal even if others write to it.
  const kept = existing.flatMap((entry) => {
    if (!isOurs(entry)) return [entry];
    const index = next.findIndex(({ parentRef }) => sameParent(parentRef, entry.parentRef));
    return index === -1 ? [] : next.splice(index, 1);
  });
  return [...kept, ...next];
}
