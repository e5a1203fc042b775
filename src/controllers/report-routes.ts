// Writes the statuses of a Gateway's routes, also of routes that no longer refer to it.

import { parentListenerSet } from '../gateway/references.ts';
import { routeRef } from '../gateway/route-id.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Findings } from '../status/findings.ts';
import { type ReportContext, reportRoute, reportUnservedRoute } from '../status/report.ts';
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
  const routes = under(gateway, own, (index, key) => routesBy(caches, index, key));
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

/**
 * Writes the statuses of routes whose kinds are not served.
 * @param isOurs whether the Gateway is ours. If not, our entries about it are removed
 */
export async function reportUnservedRoutes(
  context: ReportContext & Pick<GatewayContext, 'caches'>,
  gateway: ObjectKey,
  isOurs: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { caches, controllerName } = context;
  const own = listenerSetsOf(caches, gateway);
  const whose = { gateway, listenerSets: own, controllerName, isOurs };
  for (const { kind, store } of caches.unservedRoutes) {
    const routes = under(gateway, own, (index, key) => store.byIndex(index, key));
    await eachEnded(routes, (route) => reportUnservedRoute(context, kind, route, whose, signal));
  }
}

const listenerSetsOf = ({ listenerSets }: Pick<Caches, 'listenerSets'>, gateway: ObjectKey): ReadonlySet<ObjectKey> =>
  new Set(listenerSets.byIndex('gateway', gateway).map(({ metadata }) => objectKey(metadata)));

/** The routes that name the Gateway or one of its ListenerSets, each once. */
const under = <R>(
  gateway: ObjectKey,
  sets: ReadonlySet<ObjectKey>,
  by: (index: 'gateway' | 'listenerSet', key: ObjectKey) => readonly R[],
): ReadonlySet<R> => new Set([...by('gateway', gateway), ...[...sets].flatMap((set) => by('listenerSet', set))]);
