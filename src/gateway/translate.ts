// Applies the Gateway API's rules to one Gateway and everything that concerns it. The result says what a data plane must do.

import { objectKey } from '../kube/object.ts';
import { parentsOf } from './attachment.ts';
import { pemOf } from './authorities.ts';
import { resolvePolicies } from './backend-tls.ts';
import type { ListenerCapabilities } from './capabilities.ts';
import { waitingRoutes } from './connections.ts';
import { areGatewayFieldsSupported, requestedAddresses } from './gateway-fields.ts';
import type { GatewayInput } from './input.ts';
import { isServable, listenerPort, portKey, servesOf } from './listener-protocols.ts';
import { type ResolvedListener, resolveListeners } from './listeners.ts';
import { compareStrings } from './precedence.ts';
import type { Problem, Report } from './problem.ts';
import { inKeyOrder, type ResolvedRoute, routeResolver } from './resolve-route.ts';
import { type RouteId, routeId } from './route-id.ts';
import { policiesOf } from './route-policies.ts';
import { finish, type Steps } from './steps.ts';
import type {
  ListenerResult,
  ListenerTopology,
  PortTopology,
  RouteTopology,
  Topology,
  Translation,
} from './topology.ts';

export const translate = (input: GatewayInput, capabilities: ListenerCapabilities): Translation =>
  finish(translating(input, capabilities));

/** It never throws: each error becomes a problem, which concerns only the object that it names. */
export function* translating(input: GatewayInput, capabilities: ListenerCapabilities): Steps<Translation> {
  const problems: Problem[] = [];
  const report: Report = (problem) => void problems.push(problem);

  const supported = areGatewayFieldsSupported(input, capabilities, report);
  const listeners = yield* resolveListeners(input, capabilities, report);
  const { backendTls, problems: ofPolicies } = resolvePolicies(input);
  const resolve = routeResolver({ ...input, backendTls }, parentsOf(input, listeners, capabilities));
  const routes: ResolvedRoute[] = [];
  for (const route of inKeyOrder(input)) {
    const resolved = resolve(route);
    problems.push(...resolved.problems);
    routes.push(resolved);
    yield;
  }

  const addresses = requestedAddresses(input.gateway.spec);
  const asked = {
    gateway: objectKey(input.gateway.metadata),
    ...(addresses.length > 0 && { addresses }),
    ...(yield* resolvePorts(listeners, routes)),
  };
  const reencrypted = routes.filter(
    (route) => route.reencrypts && route.attachments.some((each) => each.listeners.length > 0),
  );
  const { policies, configMaps } = policiesOf(
    reencrypted.map(({ topology }) => topology),
    input,
    ofPolicies,
    report,
  );
  const ofClients = listeners.flatMap(({ clients }) => clients?.configMaps ?? []);
  const authorities = pemOf([...configMaps, ...ofClients], input.configMaps);
  problems.push(...(yield* waitingRoutes(asked)));

  return {
    ...(supported && { topology: { ...asked, ...(Object.keys(authorities).length > 0 && { authorities }) } }),
    listeners: listeners.map(listenerResult),
    attachments: routes.flatMap((route) => route.attachments),
    routes: routes.map(({ topology }) => topology),
    ...(policies.length > 0 && { policies }),
    problems,
  };
}

const listenerResult = (listener: ResolvedListener): ListenerResult => {
  const { name, section, listenerSet, port, protocol, supportedKinds, certificates, valid } = listener;
  return {
    name,
    ...(listenerSet !== undefined && { ofSet: { listenerSet, section } }),
    port: listenerPort(protocol, port),
    supportedKinds,
    ...(certificates.length > 0 && { certificates }),
    valid,
  };
};

/** @param routes in ascending order */
function* resolvePorts(
  listeners: readonly ResolvedListener[],
  routes: readonly ResolvedRoute[],
): Steps<Pick<Topology, 'ports' | 'routes'>> {
  const valid = listeners.filter((listener) => listener.valid);
  const attached = new Map(valid.map(({ name }): [string, Set<RouteId>] => [name, new Set()]));
  const served: RouteTopology[] = [];
  for (const { topology, attachments } of routes) {
    const id = routeId(topology.route);
    let isServed = false;
    for (const { listeners: names } of attachments) {
      for (const name of names) isServed = attached.get(name)?.add(id) !== undefined || isServed;
    }
    if (isServed) served.push(topology);
    yield;
  }
  const placed = valid.flatMap((listener) => {
    const { port, protocol } = listener;
    return isServable(protocol) ? { listener, place: { port, serves: servesOf(protocol) } } : [];
  });
  const onPorts = Map.groupBy(placed, ({ place }) => portKey(place));
  const ports: PortTopology[] = [];
  for (const onPort of onPorts.values()) {
    const sharing = onPort.map(({ listener }) => listenerTopology(listener, [...(attached.get(listener.name) ?? [])]));
    // Listeners that cannot share a port are in conflict, so these all serve the same.
    const [first] = onPort;
    if (first !== undefined) ports.push({ ...first.place, listeners: sharing });
    yield;
  }
  return { ports: ports.toSorted(byPort), routes: served };
}

/** A port number may be two ports. */
const byPort = (a: PortTopology, b: PortTopology): number => a.port - b.port || compareStrings(portKey(a), portKey(b));

const listenerTopology = (
  { name, precedence, hostname, tlsMode, certificates, tlsOptions, clients }: ResolvedListener,
  routes: readonly RouteId[],
): ListenerTopology => ({
  name,
  ...(precedence > 0 && { precedence }),
  ...(hostname !== undefined && { hostname }),
  ...(tlsMode !== undefined && { tlsMode }),
  certificates,
  tlsOptions,
  ...(clients && { clients }),
  routes,
});
