// Turns each change in the caches into keys in the queues.
import type { Node } from '../api/core.ts';
import type { Gateway } from '../api/gateway-api.ts';
import type { Route } from '../api/route-kinds.ts';
import { hasNamedTarget } from '../gateway/backends.ts';
import type { Priority } from '../kube/delay-heap.ts';
import type { KubeObject, ObjectKey } from '../kube/object.ts';
import { objectKey } from '../kube/object.ts';
import type { WorkQueue } from '../kube/queue.ts';
import { sameJson } from '../kube/same-json.ts';
import { isHeldBy } from '../provider/ownership.ts';
import type { Provider } from '../provider/provider.ts';
import { type Caches, listenerSetsOfRoute, routesBy, servicesOfSlice } from './caches.ts';
import { gatewayOf, gatewaysOfRoutes, routesOfPolicies } from './concerned.ts';
import { isGone } from './stale-routes.ts';

export interface Queues<Queue = WorkQueue<ObjectKey>> {
  readonly gatewayClasses: Queue;
  readonly gateways: Queue;
  /** Keys of deleted ListenerSets that statuses of routes may still mention. */
  readonly staleRoutes: Queue;
  /** Keys of Services whose endpoints may have changed. */
  readonly endpoints: Queue;
}

/** Changes within this time share one pass. In milliseconds. */
export interface Delays {
  /** For example those of one `kubectl apply`. */
  readonly gather: number;
  /** A Service's EndpointSlices. One controller writes them quickly one after another. */
  readonly endpoints: number;
}

const unhurried: Delays = { gather: 100, endpoints: 25 };

/** Whether more than the status has changed. */
const meansSomething = (old: KubeObject | undefined, current: KubeObject | undefined): boolean =>
  old === undefined ||
  current === undefined ||
  old.metadata.generation === undefined ||
  old.metadata.generation !== current.metadata.generation ||
  old.metadata.uid !== current.metadata.uid ||
  old.metadata.deletionTimestamp !== current.metadata.deletionTimestamp ||
  !sameJson(old.metadata.labels, current.metadata.labels) ||
  !sameJson(old.metadata.annotations, current.metadata.annotations) ||
  !sameJson(old.metadata.finalizers, current.metadata.finalizers);

/** True for a Gateway that has no finalizer yet. Creating it may take long, so existing Gateways are handled first. */
const isNew = (providers: readonly Pick<Provider, 'finalizer'>[], gateway: Gateway | undefined): boolean =>
  gateway !== undefined && !providers.some((provider) => isHeldBy(provider, gateway));

type Change = (old: KubeObject | undefined, current: KubeObject | undefined, initial: boolean) => void;

const keyOf = (object: KubeObject | undefined): readonly ObjectKey[] => (object ? [objectKey(object.metadata)] : []);

/** Connects the caches to the queues. @returns a function that disconnects them */
export function connectTriggers(
  caches: Caches,
  queues: Queues<Pick<WorkQueue<ObjectKey>, 'add' | 'addAfter'>>,
  providers: readonly Pick<Provider, 'finalizer' | 'servicesOnNodes'>[],
  delays: Delays = unhurried,
): () => void {
  const due = (keys: Iterable<ObjectKey>, initial: boolean): void => {
    for (const key of keys) {
      const priority: Priority = initial || isNew(providers, caches.gateways.get(key)) ? 'low' : 'high';
      queues.gateways.addAfter(key, delays.gather, priority);
    }
  };
  const routesDue = (routes: readonly Route[], initial: boolean): void =>
    due(gatewaysOfRoutes(caches, routes), initial);
  const staleDue = (sets: readonly ObjectKey[], initial: boolean): void => {
    for (const set of sets) {
      if (isGone(caches, set)) queues.staleRoutes.addAfter(set, delays.gather, initial ? 'low' : 'high');
    }
  };
  const routeChanged = (old: Route | undefined, current: Route | undefined, initial: boolean): void => {
    // A changed status counts too: a pass that began before a ListenerSet was deleted may have written about it.
    if (current !== undefined) staleDue(listenerSetsOfRoute(current), initial);
    if (meansSomething(old, current)) routesDue([...(old ? [old] : []), ...(current ? [current] : [])], initial);
  };
  const ownersDue = (index: 'namespace' | 'secret', value: string, initial: boolean): void => {
    due(caches.gateways.byIndex(index, value).flatMap(keyOf), initial);
    due(caches.listenerSets.byIndex(index, value).flatMap(gatewayOf), initial);
  };
  /** The routes whose NLB listeners depend on the numbers of the Service's target ports. */
  const routesOfNamedTargets = (service: ObjectKey): readonly Route[] =>
    caches.services.get(service)?.spec.ports?.some(hasNamedTarget) === true
      ? routesBy(caches, 'service', service).filter(({ kind }) => kind === 'TCPRoute' || kind === 'UDPRoute')
      : [];
  const endpointsDue = (keys: Iterable<ObjectKey>, initial: boolean): void => {
    for (const key of keys) queues.endpoints.addAfter(key, delays.endpoints, initial ? 'low' : 'high');
  };
  const parametersChanged: Change = (old, current, initial) => {
    if (!meansSomething(old, current)) return;
    for (const key of keyOf(current ?? old)) {
      for (const { metadata } of caches.gatewayClasses.byIndex('configuration', key)) {
        queues.gatewayClasses.add(objectKey(metadata));
        due(gatewaysOfClass(caches, metadata.name), initial);
      }
      due(caches.gateways.byIndex('configuration', key).flatMap(keyOf), initial);
    }
  };

  const disconnect = [
    caches.gatewayClasses.onChange((old, current, initial) => {
      if (!meansSomething(old, current)) return;
      for (const key of keyOf(current)) queues.gatewayClasses.add(key, initial ? 'low' : 'high');
      due(gatewaysOfClass(caches, (current ?? old)?.metadata.name ?? ''), initial);
    }),
    caches.gateways.onChange((old, current, initial) => {
      if (!meansSomething(old, current)) return;
      due(keyOf(current ?? old), initial);
      for (const gateway of [old, current]) {
        if (gateway) queues.gatewayClasses.add(objectKey({ name: gateway.spec.gatewayClassName }), 'low');
      }
    }),
    caches.listenerSets.onChange((old, current, initial) => {
      if (!meansSomething(old, current)) return;
      due([old, current].flatMap(gatewayOf), initial);
      staleDue(keyOf(current ?? old), initial);
    }),
    ...caches.routes.map((store) => store.onChange(routeChanged)),
    caches.referenceGrants.onChange((old, current, initial) => {
      if (!meansSomething(old, current)) return;
      const from = new Set([old, current].flatMap((grant) => grant?.spec.from.map(({ namespace }) => namespace) ?? []));
      for (const namespace of from) {
        routesDue(routesBy(caches, 'namespace', namespace), initial);
        ownersDue('namespace', namespace, initial);
      }
    }),
    caches.backendTlsPolicies.onChange((old, current, initial) => {
      if (!meansSomething(old, current)) return;
      routesDue(routesOfPolicies(caches, [...(old ? [old] : []), ...(current ? [current] : [])]), initial);
    }),
    caches.loadBalancerConfigurations.onChange(parametersChanged),
    caches.proxyConfigurations.onChange(parametersChanged),
    caches.services.onChange((old, current, initial) => {
      if (old && current && sameJson(old.spec, current.spec)) return;
      const keys = keyOf(current ?? old);
      routesDue(
        keys.flatMap((key) => routesBy(caches, 'service', key)),
        initial,
      );
      endpointsDue(keys, initial);
    }),
    caches.endpointSlices.onChange((old, current, initial) => {
      const services = [...new Set([old, current].flatMap((slice) => (slice ? servicesOfSlice(slice) : [])))];
      endpointsDue(services, initial);
      if (!sameJson(old?.ports, current?.ports)) routesDue(services.flatMap(routesOfNamedTargets), initial);
    }),
    caches.secrets.onChange((old, current, initial) => {
      if (old && current && sameJson(old.data, current.data)) return;
      for (const key of keyOf(current ?? old)) ownersDue('secret', key, initial);
    }),
    caches.nodes.onChange((old, current, initial) => {
      if (old && current && isSameNode(old, current)) return;
      for (const provider of providers) endpointsDue(provider.servicesOnNodes(), initial);
    }),
    caches.namespaces.onChange((old, current, initial) => {
      if (initial || sameJson(old?.metadata.labels, current?.metadata.labels)) return;
      const { name = '' } = (current ?? old)?.metadata ?? {};
      routesDue(routesBy(caches, 'namespace', name), initial);
      due(caches.listenerSets.byIndex('namespace', name).flatMap(gatewayOf), initial);
    }),
  ];
  return () => {
    for (const stop of disconnect) stop();
  };
}

/** Whether everything that targets depend on is unchanged in a Node. */
const isSameNode = (old: Node, current: Node): boolean =>
  old.metadata.deletionTimestamp === current.metadata.deletionTimestamp &&
  sameJson(old.metadata.labels, current.metadata.labels) &&
  sameJson(old.spec, current.spec) &&
  sameJson(old.status, current.status);

const gatewaysOfClass = (caches: Caches, name: string): readonly ObjectKey[] =>
  caches.gateways.byIndex('class', name).map(({ metadata }) => objectKey(metadata));
