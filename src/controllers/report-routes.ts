// What a pass has to say of the routes of its Gateway, those that have left it included.
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { reportRoute } from '../status/report.ts';
import type { RouteOutcome } from '../status/route-status.ts';
import type { GatewayContext } from './gateway-context.ts';

/** Resolves or rejects when all are written or refused: none goes on behind the pass's back. */
export async function reportRoutes(
  context: GatewayContext,
  gateway: ObjectKey,
  outcomeOf: (route: ObjectKey) => Pick<RouteOutcome, 'attachments' | 'problems'>,
  signal: AbortSignal,
): Promise<void> {
  const { caches, controllerName } = context;
  const ends = await Promise.allSettled(
    caches.httpRoutes.byIndex('gateway', gateway).map((route) => {
      const outcome = outcomeOf(objectKey(route.metadata));
      return reportRoute(context, route, { gateway, controllerName, ...outcome }, signal);
    }),
  );
  const failed = ends.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
