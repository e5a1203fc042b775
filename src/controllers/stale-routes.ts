// The pass over a ListenerSet that was deleted, or no longer names a Gateway. It removes the ListenerSet from the statuses of its
// routes, because no Gateway's pass finds these routes.
import * as kinds from '../api/kinds.ts';
import type { Route } from '../api/route-kinds.ts';
import { listenerSetGateway, parentListenerSet } from '../gateway/references.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { Provider } from '../provider/provider.ts';
import { noFindings } from '../status/findings.ts';
import { type ReportContext, reportRoute } from '../status/report.ts';
import { eachEnded } from './all-ended.ts';
import { type Caches, routesBy } from './caches.ts';

/** How long to wait if ListenerSets have not been listed, because then it is unknown which are gone. In milliseconds. */
const unlistedMs = 30_000;

type StaleRoutesCaches = Pick<Caches, 'listenerSets' | 'routes' | 'watches' | 'unlisted'>;

export interface StaleRoutesContext extends ReportContext {
  readonly provider: Pick<Provider, 'words'>;
}

/** A ListenerSet in a namespace that we do not watch may still exist, so it is not gone. */
export function isGone({ listenerSets, watches }: Pick<Caches, 'listenerSets' | 'watches'>, key: ObjectKey): boolean {
  const set = listenerSets.get(key);
  return set === undefined ? watches(key) : listenerSetGateway(set) === undefined;
}

/** @param contexts one per provider. Each removes only its own entries */
export async function reconcileStaleRoutes(
  contexts: readonly StaleRoutesContext[],
  caches: StaleRoutesCaches,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<WorkResult | undefined> {
  if (caches.unlisted().includes(kinds.listenerSets.kind)) return { requeueAfterMs: unlistedMs };
  if (!isGone(caches, key)) return undefined;
  const listenerSets = new Set([key]);
  for (const context of contexts) {
    const { controllerName, provider } = context;
    const mentionsSet = (route: Route): boolean =>
      route.status?.parents?.some(
        (entry) => entry.controllerName === controllerName && parentListenerSet(route, entry.parentRef) === key,
      ) === true;
    const whose = { listenerSets, controllerName };
    await eachEnded(routesBy(caches, 'listenerSet', key).filter(mentionsSet), (route) =>
      reportRoute(context, route, { ...whose, attachments: [], findings: noFindings(provider.words) }, signal),
    );
  }
  return undefined;
}
