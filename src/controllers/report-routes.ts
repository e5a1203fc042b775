// What a pass has to say of the routes of its Gateway, those that have left it included.
import * as kinds from '../api/kinds.ts';
import type { Route } from '../api/route-kinds.ts';
import { listenerSetGateway, parentListenerSet } from '../gateway/references.ts';
import type { Store } from '../kube/cache.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Findings } from '../status/findings.ts';
import { type ReportContext, reportRoute, reportUnservedRoute } from '../status/report.ts';
import { eachEnded } from './all-ended.ts';
import type { GatewayContext } from './gateway-context.ts';

type Caches = GatewayContext['caches'];

/**
 * Whether the ListenerSet is no more, or names no Gateway at all any more: nobody's pass finds its routes by their Gateway.
 * What is in a namespace that is not watched is not for that gone.
 */
function isGone({ listenerSets, watches }: Caches, key: ObjectKey): boolean {
  const set = listenerSets.get(key);
  return set === undefined ? watches(key) : listenerSetGateway(set) === undefined;
}

/** The ListenerSets that a route's status still speaks of, and that are gone. */
const goneSets = (caches: Caches, route: Route): readonly ObjectKey[] =>
  (route.status?.parents ?? [])
    .flatMap(({ parentRef }) => parentListenerSet(route, parentRef) ?? [])
    .filter((key) => isGone(caches, key));

/** The routes that have such ones. What was never listed is not for that gone. */
function orphans<T extends Route>(caches: Caches, routes: Store<T, 'listenerSet'>): readonly T[] {
  if (caches.unlisted().includes(kinds.listenerSets.kind)) return [];
  return [...routes.indexed('listenerSet')]
    .map((key) => objectKey({ name: key }))
    .filter((key) => isGone(caches, key))
    .flatMap((key) => routes.byIndex('listenerSet', key))
    .filter((route) => goneSets(caches, route).length > 0);
}

/** Resolves or rejects when all are written or refused: none goes on behind the pass's back. */
export async function reportRoutes(
  context: ReportContext & Pick<GatewayContext, 'caches'>,
  gateway: ObjectKey,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const { caches, controllerName } = context;
  const orphaned = orphans(caches, caches.httpRoutes);
  const own = new Set(caches.listenerSets.byIndex('gateway', gateway).map(({ metadata }) => objectKey(metadata)));
  const routes = new Set([
    ...caches.httpRoutes.byIndex('gateway', gateway),
    ...[...own].flatMap((set) => caches.httpRoutes.byIndex('listenerSet', set)),
    ...orphaned,
  ]);
  const listenerSets = new Set([...own, ...orphaned.flatMap((route) => goneSets(caches, route))]);
  await eachEnded(routes, async (route) => {
    const attachments = findings.attachmentsOf(objectKey(route.metadata));
    // A ListenerSet that went while the pass was under way is not brought back into the route's status.
    const standing = attachments.filter(({ parentRef }) => {
      const set = parentListenerSet(route, parentRef);
      return set === undefined || own.has(set);
    });
    const outcome = { gateway, listenerSets, controllerName, attachments: standing, findings };
    await reportRoute(context, route, outcome, signal);
  });
}

/**
 * What a pass has to say of the routes whose kinds are not served.
 * @param isOurs whether the Gateway is ours; if it was, what was said of it goes
 */
export async function reportUnservedRoutes(
  context: ReportContext & Pick<GatewayContext, 'caches'>,
  gateway: ObjectKey,
  isOurs: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { caches, controllerName } = context;
  const own = caches.listenerSets.byIndex('gateway', gateway).map(({ metadata }) => objectKey(metadata));
  for (const { kind, store } of caches.unservedRoutes) {
    const orphaned = orphans(caches, store);
    const listenerSets = new Set([...own, ...orphaned.flatMap((route) => goneSets(caches, route))]);
    const routes = new Set([
      ...store.byIndex('gateway', gateway),
      ...own.flatMap((set) => store.byIndex('listenerSet', set)),
      ...orphaned,
    ]);
    const whose = { gateway, listenerSets, controllerName, isOurs };
    await eachEnded(routes, (route) => reportUnservedRoute(context, kind, route, whose, signal));
  }
}
