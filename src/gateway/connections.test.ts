import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { connectionsOf, routesById, waitingRoutes } from './connections.ts';
import { covers, type Hostname } from './hostnames.ts';
import type { PortServes } from './listener-protocols.ts';
import type { RouteRef } from './problem-place.ts';
import { routeId } from './route-id.ts';
import { finish } from './steps.ts';
import type { ListenerTopology, PortTopology, RouteTopology, Topology } from './topology.ts';

const refOf = (kind: RouteRef['kind'], name: string): RouteRef => ({
  kind,
  key: objectKey({ namespace: 'shop', name }),
});

const routeOf = (route: RouteRef, hostnames: readonly string[], created?: string): RouteTopology => ({
  route,
  ...(created !== undefined && { created }),
  hostnames,
  rules: [{ rule: 0, matches: [], action: { kind: 'respond', statusCode: 500 }, backends: [] }],
});

const listenerOf = (name: string, hostname: Hostname, routes: readonly RouteTopology[]): ListenerTopology => ({
  name,
  ...(hostname !== undefined && { hostname }),
  certificates: [],
  tlsOptions: {},
  routes: routes.map(({ route }) => routeId(route)),
});

const portOf = (kind: Exclude<PortServes['kind'], 'http'>, listeners: readonly ListenerTopology[]): PortTopology => ({
  port: 443,
  serves: { kind },
  listeners,
});

const topologyOf = (port: PortTopology, routes: readonly RouteTopology[]): Topology => ({
  gateway: objectKey({ namespace: 'shop', name: 'edge' }),
  ports: [port],
  routes,
});

const older = routeOf(refOf('TCPRoute', 'older'), [], '2026-01-01T00:00:00Z');
const newer = routeOf(refOf('TCPRoute', 'newer'), [], '2026-02-01T00:00:00Z');

test.each(['tcp', 'udp'] as const)('the oldest route has a %s port, and the others wait for it', (kind) => {
  const port = portOf(kind, [listenerOf('db', undefined, [newer, older])]);
  const entries = connectionsOf(port, routesById([newer, older]));
  expect(entries).toEqual([{ listener: 'db', route: older.route, rule: 0, action: older.rules[0]?.action }]);
  const waiting = finish(waitingRoutes(topologyOf(port, [newer, older])));
  expect(waiting).toMatchObject([{ route: newer.route, listeners: ['db'], for: older.route }]);
});

test('of routes of one age the first by namespace and name has the port', () => {
  const twins = ['b', 'a'].map((name) => routeOf(refOf('TCPRoute', name), [], '2026-01-01T00:00:00Z'));
  const port = portOf('tcp', [listenerOf('db', undefined, twins)]);
  expect(connectionsOf(port, routesById(twins)).map(({ route }) => route.key)).toEqual(['shop/a']);
});

test('a route without rules leaves the port to the next one', () => {
  const empty = { ...older, rules: [] };
  const port = portOf('tcp', [listenerOf('db', undefined, [empty, newer])]);
  expect(connectionsOf(port, routesById([empty, newer])).map(({ route }) => route)).toEqual([newer.route]);
});

test('a route that can not be read keeps its port, and nobody says what it does', () => {
  const unread = { ...older, rules: [], unread: true as const };
  const port = portOf('tcp', [listenerOf('db', undefined, [unread, newer])]);
  expect(connectionsOf(port, routesById([unread, newer]))).toEqual([{ listener: 'db', route: unread.route, rule: 0 }]);
});

test('a port without routes has no entry', () => {
  expect(connectionsOf(portOf('udp', [listenerOf('dns', undefined, [])]), routesById([older]))).toEqual([]);
});

const hostname = fc.constantFrom('a.b.c', 'x.a.b.c', 'y.b.c', '*.b.c', '*.a.b.c', '*.c');
const tls = fc
  .record({
    listeners: fc.uniqueArray(fc.option(hostname, { nil: undefined }), { minLength: 1, maxLength: 4 }),
    routes: fc.array(
      fc.record({
        hostnames: fc.uniqueArray(hostname, { maxLength: 3 }),
        created: fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
        on: fc.integer({ min: 0, max: 15 }),
      }),
      { maxLength: 5 },
    ),
  })
  .map(({ listeners, routes }) => {
    const all = routes.map((each, index) => ({
      topology: routeOf(refOf('TLSRoute', `r${index}`), each.hostnames, each.created),
      on: each.on,
    }));
    const port = portOf(
      'tls',
      listeners.map((own, index) => {
        const attached = all.filter(({ on }) => Math.floor(on / 2 ** index) % 2 === 1);
        return listenerOf(
          `l${index}`,
          own,
          attached.map(({ topology }) => topology),
        );
      }),
    );
    return { port, routes: all.map(({ topology }) => topology) };
  });

/** By how much of a name it says: exact names first, then the longer ones. */
const rank = (own: Hostname): number => (own === undefined ? 0 : own.length + (own.startsWith('*') ? 0 : 1000));

const best = <T>(items: readonly T[], hostnameOf: (item: T) => Hostname): T | undefined =>
  items.toSorted((a, b) => rank(hostnameOf(b)) - rank(hostnameOf(a)))[0];

/** The rule once more, for one server name. */
function expected(port: PortTopology, routes: readonly RouteTopology[], name: string): string | undefined {
  const listener = best(
    port.listeners.filter((each) => covers(each.hostname, name)),
    (each) => each.hostname,
  );
  const attached = routes
    .filter(({ route }) => listener?.routes.includes(routeId(route)))
    .toSorted((a, b) => `${a.created} ${a.route.key}`.localeCompare(`${b.created} ${b.route.key}`, 'en'));
  const names = attached.flatMap(({ route, hostnames }) =>
    (hostnames.length === 0 ? [undefined] : hostnames).map((own) => ({ route, own })),
  );
  return best(
    names.filter(({ own }) => covers(own, name)),
    ({ own }) => own,
  )?.route.key;
}

test('a TLS connection gets to the route that the Gateway API names', () => {
  fc.assert(
    fc.property(
      tls,
      fc.constantFrom('a.b.c', 'x.a.b.c', 'z.a.b.c', 'y.b.c', 'q.c', 'other'),
      ({ port, routes }, name) => {
        const listener = best(
          port.listeners.filter((each) => covers(each.hostname, name)),
          (each) => each.hostname,
        );
        const found = connectionsOf(port, routesById(routes)).find(
          (entry) => entry.listener === listener?.name && covers(entry.hostname, name),
        );
        expect(found?.route.key).toBe(expected(port, routes, name));
      },
    ),
    { numRuns: 1000 },
  );
});

test('a route waits at a listener where it could have names and has none, and nowhere else', () => {
  fc.assert(
    fc.property(tls, ({ port, routes }) => {
      const byId = routesById(routes);
      const served = new Set(connectionsOf(port, byId).map(({ route, listener }) => `${route.key} ${listener}`));
      const waiting = finish(waitingRoutes(topologyOf(port, routes))).flatMap((each) =>
        each.listeners.map((listener) => `${each.route.key} ${listener}`),
      );
      const alone = routes.flatMap(({ route }) =>
        port.listeners.flatMap((listener) => {
          const own = listener.routes.filter((id) => id === routeId(route));
          const others = port.listeners.map((each) => ({ ...each, routes: each === listener ? own : [] }));
          return connectionsOf({ ...port, listeners: others }, byId).length > 0
            ? [`${route.key} ${listener.name}`]
            : [];
        }),
      );
      expect(waiting.toSorted()).toEqual(alone.filter((place) => !served.has(place)).toSorted());
    }),
    { numRuns: 300 },
  );
});
