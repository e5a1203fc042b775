// The caches, in the form that gather and the providers use.

import { parentGateways, parentListenerSets } from '../gateway/references.ts';
import type { Clock } from '../kube/clock.ts';
import { objectKey } from '../kube/object.ts';
import type { ClusterSources } from '../provider/context.ts';
import { type Caches, routesBy } from './caches.ts';
import { gatewaysTrusting } from './concerned.ts';

export const sourcesOf = (caches: Caches, clock: Pick<Clock, 'now'>): ClusterSources => ({
  gateway: (key) => caches.gateways.get(key),
  gateways: () => caches.gateways.list(),
  gatewayClass: (name) => caches.gatewayClasses.get(objectKey({ name })),
  configuration: (key) => caches.loadBalancerConfigurations.get(key),
  proxyConfiguration: (key) => caches.proxyConfigurations.get(key),
  listenerSetsByParent: (gateway) => caches.listenerSets.byIndex('gateway', gateway),
  routesByListenerSet: (set) =>
    routesBy(caches, 'listenerSet', set).filter((route) => parentListenerSets(route).includes(set)),
  routesByParent: (gateway) =>
    routesBy(caches, 'gateway', gateway).filter((route) => parentGateways(route).includes(gateway)),
  namespace: (name) => caches.namespaces.get(objectKey({ name })),
  nodes: () => caches.nodes.list(),
  node: (name) => caches.nodes.get(objectKey({ name })),
  grantsIn: (namespace) => caches.referenceGrants.byIndex('namespace', namespace),
  service: (key) => caches.services.get(key),
  gatewaysTrusting: (configMap) => gatewaysTrusting(caches, configMap),
  servicesAt: (address) => caches.services.byIndex('address', address),
  endpointSlicesOf: (service) => caches.endpointSlices.byIndex('service', service),
  policiesFor: (service) => caches.backendTlsPolicies.byIndex('service', service),
  secret: (key) => caches.secrets.get(key),
  now: () => clock.now(),
});
