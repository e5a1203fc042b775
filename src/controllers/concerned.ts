// Which Gateways a changed object concerns.
import type { BackendTlsPolicy, ListenerSet } from '../api/gateway-api.ts';
import type { Route } from '../api/route-kinds.ts';
import { listenerSetGateway, targetServices } from '../gateway/references.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { type Caches, gatewaysOfRoute, listenerSetsOfRoute, routesBy } from './caches.ts';

/** The Gateway that a ListenerSet adds listeners to, if there is one. */
export const gatewayOf = (set: ListenerSet | undefined): readonly ObjectKey[] => {
  const gateway = set && listenerSetGateway(set);
  return gateway === undefined ? [] : [gateway];
};

export const gatewaysOfRoutes = (
  caches: Pick<Caches, 'listenerSets'>,
  routes: readonly Route[],
): readonly ObjectKey[] =>
  routes.flatMap((route) => [
    ...gatewaysOfRoute(route),
    ...listenerSetsOfRoute(route).flatMap((set) => gatewayOf(caches.listenerSets.get(set))),
  ]);

/** The routes to the Services that the policies are for, each once. */
export function routesOfPolicies(
  caches: Pick<Caches, 'routes'>,
  policies: readonly BackendTlsPolicy[],
): readonly Route[] {
  const services = new Set(policies.flatMap(targetServices));
  return [...new Set([...services].flatMap((service) => routesBy(caches, 'service', service)))];
}

/** The Gateways for which CA certificates of the ConfigMap matter, each once. */
export function gatewaysTrusting(
  caches: Pick<Caches, 'backendTlsPolicies' | 'gateways' | 'listenerSets' | 'routes'>,
  configMap: ObjectKey,
): readonly ObjectKey[] {
  const policies = caches.backendTlsPolicies.byIndex('configMap', configMap);
  const own = caches.gateways.byIndex('configMap', configMap).map(({ metadata }) => objectKey(metadata));
  return [...new Set([...own, ...gatewaysOfRoutes(caches, routesOfPolicies(caches, policies))])];
}
