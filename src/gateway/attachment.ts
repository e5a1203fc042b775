// Which routes attach to which listeners. The route's parentRefs, the listener's allowedRoutes and both hostnames decide.

import { hash } from 'node:crypto';
import type { ParentReference } from '../api/gateway-api.ts';
import { type ServedRoute, servedKindOf } from '../api/route-kinds.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { admits } from './allowed-namespaces.ts';
import type { ListenerCapabilities } from './capabilities.ts';
import { overlaps, toHostname } from './hostnames.ts';
import type { GatewayInput } from './input.ts';
import { protocolsOf } from './listener-kinds.ts';
import type { ResolvedListener } from './listeners.ts';
import type { Report } from './problem.ts';
import { namespaceOf, parentGateway, parentListenerSet } from './references.ts';
import { routeRef } from './route-id.ts';
import type { Attachment } from './topology.ts';

/** The route's hostnames in its order, in lower case. A route for any host has one entry, `undefined`. */
export function routeHostnames(route: ServedRoute): readonly (string | undefined)[] {
  const hostnames = servedKindOf(route).hostnamesOf(route);
  return hostnames.length === 0 ? [undefined] : hostnames.map(toHostname);
}

/** What the routes of a Gateway may attach to. It is computed once for all routes. */
export interface Parents {
  readonly gateway: ObjectKey;
  /** All ListenerSets of the Gateway, also those that it does not allow. */
  readonly listenerSets: ReadonlySet<ObjectKey>;
  /** By ListenerSet. The Gateway's own listeners have the key `undefined`. */
  readonly listeners: ReadonlyMap<ObjectKey | undefined, readonly ResolvedListener[]>;
  readonly namespaces: GatewayInput['namespaces'];
  readonly capabilities: ListenerCapabilities;
  /** A hash of all this, without the namespaces. */
  readonly version: string;
}

export const parentsOf = (
  { gateway, listenerSets, namespaces }: GatewayInput,
  listeners: readonly ResolvedListener[],
  capabilities: ListenerCapabilities,
): Parents => {
  const sets = listenerSets.map(({ metadata }) => objectKey(metadata));
  return {
    gateway: objectKey(gateway.metadata),
    listenerSets: new Set(sets),
    listeners: Map.groupBy(listeners, ({ listenerSet }) => listenerSet),
    namespaces,
    capabilities,
    version: hash('sha256', JSON.stringify([sets, listeners, capabilities]), 'base64'),
  };
};

/** One attachment for each parentRef that points to this Gateway or to one of its ListenerSets. */
export function attach(route: ServedRoute, parents: Parents, report: Report): readonly Attachment[] {
  return (route.spec.parentRefs ?? [])
    .filter((parentRef) => {
      const set = parentListenerSet(route, parentRef);
      return set === undefined ? parentGateway(route, parentRef) === parents.gateway : parents.listenerSets.has(set);
    })
    .map((parentRef) => ({
      route: routeRef(route),
      parentRef,
      generation: route.metadata.generation ?? 0,
      listeners: attachedListeners(route, parentRef, parents, report).map(({ name }) => name),
      rules: servedKindOf(route).backendsOf(route).length,
    }));
}

const names = (listeners: readonly ResolvedListener[]): readonly string[] => listeners.map(({ name }) => name);

/**
 * Listeners that are not served count too, because a late certificate must not detach a route. Three checks run in order: names,
 * namespaces, hostnames. The first check that no listener passes becomes the problem.
 */
function attachedListeners(
  route: ServedRoute,
  parentRef: ParentReference,
  parents: Parents,
  report: Report,
): readonly ResolvedListener[] {
  const place = { route: routeRef(route), parentRef };
  if (route.fault !== undefined) report({ ...place, kind: 'route-unreadable', fault: route.fault });

  const own = parents.listeners.get(parentListenerSet(route, parentRef)) ?? [];
  const named = own.filter(
    ({ section, port }) =>
      (parentRef.sectionName === undefined || parentRef.sectionName === section) &&
      (parentRef.port === undefined || parentRef.port === port),
  );
  if (named.length === 0) {
    report({ ...place, kind: 'parent-not-matching', available: own.map(({ section }) => section) });
    return [];
  }
  const allowing = named.filter((listener) => allows(listener, route, parents));
  if (allowing.length === 0) {
    const protocols = protocolsOf(servedKindOf(route), parents.capabilities);
    const fitting = named.filter(({ protocol }) => protocols.includes(protocol));
    const misfit = fitting.length === 0 ? { listeners: names(named), protocols } : { listeners: names(fitting) };
    report({ ...place, kind: 'route-not-allowed', ...misfit });
    return [];
  }
  const hostnames = routeHostnames(route);
  const matching = allowing.filter((listener) => hostnames.some((hostname) => overlaps(listener.hostname, hostname)));
  if (matching.length === 0) report({ ...place, kind: 'hostname-not-matching', listeners: names(allowing) });
  return matching;
}

function allows(listener: ResolvedListener, route: ServedRoute, parents: Parents): boolean {
  if (!listener.supportedKinds.some(({ kind }) => kind === route.kind)) return false;
  const allowed = { from: 'Same' as const, ...listener.allowedRoutes?.namespaces };
  return admits(allowed, listener.namespace, namespaceOf(route), parents);
}
