// Writes the statuses of a Gateway's routes, also of routes that no longer refer to it.

import { parentListenerSet } from '../gateway/references.ts';
import { routeRef } from '../gateway/route-id.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Findings } from '../status/findings.ts';
import { type ReportContext, reportRoute } from '../status/report.ts';
import { eachEnded } from './all-ended.ts';
import { type Caches, routesBy } from './caches.ts';
import type { GatewayContext } from './gateway-context.ts';

/** Ends when all statuses are written or refused, so that no write continues after the pass. */
export async function reportRoutes(
  context: ReportContext & Pick<GatewayContext, 'caches'>,
  gateway: ObjectKey,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const { caches, controllerName } = context;
  const own = listenerSetsOf(caches, gateway);
  const ofSets = [...own].flatMap((set) => routesBy(caches, 'listenerSet', set));
  const routes = new Set([...routesBy(caches, 'gateway', gateway), ...ofSets]);
  await eachEnded(routes, async (route) => {
    const attachments = findings.attachmentsOf(routeRef(route));
    // A ListenerSet that was deleted during the pass must not return to the route's status.
    const standing = attachments.filter(({ parentRef }) => {
      const set = parentListenerSet(route, parentRef);
      return set === undefined || own.has(set);
    });
    const outcome = { gateway, listenerSets: own, controllerName, attachments: standing, findings };
    await reportRoute(context, route, outcome, signal);
  });
}

const listenerSetsOf = ({ listenerSets }: Pick<Caches, 'listenerSets'>, gateway: ObjectKey): ReadonlySet<ObjectKey> =>
  new Set(listenerSets.byIndex('gateway', gateway).map(({ metadata }) => objectKey(metadata)));
