// What a Gateway has to say in the status of a route whose kind is not served yet.
import type { RouteParentStatus } from '../api/gateway-api.ts';
import type { Route } from '../api/route-kinds.ts';
import { updated, type Verdict } from './condition.ts';
import { type ParentsOf, parentsWith, pointsTo } from './parents.ts';

type Accepted = Verdict<'Accepted', 'NotAllowedByListeners'>;

/** No listener allows routes of a kind that it does not support. */
export const unservedCondition = ({ kind }: Pick<Route, 'kind'>): Accepted => ({
  type: 'Accepted',
  status: 'False',
  reason: 'NotAllowedByListeners',
  message: `spec.parentRefs: Gatehouse does not serve routes of kind ${kind} yet, so no listener accepts this route. Use an HTTPRoute, or a Gateway of another controller.`,
});

/**
 * @param isOurs whether the Gateway is ours; when it is not any more, what was said goes
 * @param now in milliseconds since the epoch
 */
export function unservedParents(
  route: Route,
  whose: ParentsOf,
  isOurs: boolean,
  now: number,
): readonly RouteParentStatus[] {
  const parentRefs = isOurs
    ? (route.spec.parentRefs ?? []).filter((parentRef) => pointsTo(route, parentRef, whose))
    : [];
  const generation = route.metadata.generation ?? 0;
  return parentsWith(route, whose, parentRefs, (_, before) =>
    updated(before, [unservedCondition(route)], generation, now),
  );
}
