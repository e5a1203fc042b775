// The pass over a ListenerSet that went, or that names no Gateway any more: what the statuses of its routes say of it goes. No
// Gateway's pass finds these routes.
import * as kinds from '../api/kinds.ts';
import type { Route } from '../api/route-kinds.ts';
import { listenerSetGateway, parentListenerSet } from '../gateway/references.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { Provider } from '../provider/provider.ts';
import { noFindings } from '../status/findings.ts';
import { type ReportContext, reportRoute, reportUnservedRoute } from '../status/report.ts';
import { eachEnded } from './all-ended.ts';
import { type Caches, routesBy } from './caches.ts';

/** Until ListenerSets are listed nobody knows which are gone. In milliseconds. */
const unlistedMs = 30_000;

type StaleRoutesCaches = Pick<Caches, 'listenerSets' | 'routes' | 'unservedRoutes' | 'watches' | 'unlisted'>;

export interface StaleRoutesContext extends ReportContext {
  readonly provider: Pick<Provider, 'words'>;
}

/** What is in a namespace that is not watched is not for that gone. */
export function isGone({ listenerSets, watches }: Pick<Caches, 'listenerSets' | 'watches'>, key: ObjectKey): boolean {
  const set = listenerSets.get(key);
  return set === undefined ? watches(key) : listenerSetGateway(set) === undefined;
}

/** @param contexts one a provider: each takes back what it has said itself */
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
    for (const { kind, store } of caches.unservedRoutes) {
      await eachEnded(store.byIndex('listenerSet', key).filter(mentionsSet), (route) =>
        reportUnservedRoute(context, kind, route, { ...whose, isOurs: false }, signal),
      );
    }
  }
  return undefined;
}
