// The caches, as gather asks for them.

import type { Sources } from '../gateway/gather.ts';
import { parentGateways, parentListenerSets } from '../gateway/references.ts';
import type { Clock } from '../kube/clock.ts';
import { objectKey } from '../kube/object.ts';
import type { Caches } from './caches.ts';

export const sourcesOf = (
  caches: Caches,
  clock: Clock,
  cloud: Pick<Sources, 'imported' | 'certificateOwner'>,
): Sources => ({
  ...cloud,
  gateway: (key) => caches.gateways.get(key),
  gatewayClass: (name) => caches.gatewayClasses.get(objectKey({ name })),
  configuration: (key) => caches.loadBalancerConfigurations.get(key),
  listenerSetsByParent: (gateway) => caches.listenerSets.byIndex('gateway', gateway),
  routesByListenerSet: (set) =>
    caches.httpRoutes.byIndex('listenerSet', set).filter((route) => parentListenerSets(route).includes(set)),
  routesByParent: (gateway) =>
    caches.httpRoutes.byIndex('gateway', gateway).filter((route) => parentGateways(route).includes(gateway)),
  namespace: (name) => caches.namespaces.get(objectKey({ name })),
  grantsIn: (namespace) => caches.referenceGrants.byIndex('namespace', namespace),
  service: (key) => caches.services.get(key),
  endpointSlicesOf: (service) => caches.endpointSlices.byIndex('service', service),
  secret: (key) => caches.secrets.get(key),
  now: () => clock.now(),
});
