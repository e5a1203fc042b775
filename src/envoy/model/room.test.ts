import { fromBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { routeId } from '../../gateway/route-id.ts';
import { finish } from '../../gateway/steps.ts';
import { connectionRoute, httpTopology, portOf, route } from '../../gateway/testing/sample.ts';
import type { RouteTopology, Topology } from '../../gateway/topology.ts';
import { objectKey } from '../../kube/object.ts';
import { RouteConfigurationSchema } from '../xds/envoy/config/route/v3/route_pb.ts';
import { withRoom } from './room.ts';
import { modelOf } from './testing/model-of.ts';

const aged = (name: string, day: number, hostnames: readonly string[], rules = 1): RouteTopology =>
  route(
    name,
    Array.from({ length: rules }, () => ({})),
    { hostnames, created: `2026-01-0${day}T00:00:00Z` },
  );

const listeners = [{ name: 'all' }, { name: 'shop', hostname: '*.shop.com' }];

const left = (routes: readonly RouteTopology[], limit: number, serving: readonly RouteTopology[] = []) =>
  finish(
    withRoom(httpTopology(listeners, routes).ports, routes, {
      limit,
      serving: new Set(serving.map((each) => routeId(each.route))),
    }),
  ).routes.map((each) => each.route.key);

test('the oldest routes stay, and a younger one that fits beside them', () => {
  const routes = [aged('old', 1, ['a.com'], 3), aged('large', 2, ['b.com'], 4), aged('small', 3, ['c.com'], 2)];
  expect(left(routes, 9)).toEqual(['shop/old', 'shop/large', 'shop/small']);
  expect(left(routes, 6)).toEqual(['shop/old', 'shop/small']);
});

test('a route that serves stays, though older routes have no room', () => {
  const [old, young] = [aged('old', 1, ['a.com'], 3), aged('young', 2, ['b.com'], 3)];
  expect(left([old, young], 3, [young])).toEqual(['shop/young']);
  expect(left([old, young], 3, [old, young])).toEqual(['shop/old']);
  expect(left([old, young], 6, [young])).toEqual(['shop/old', 'shop/young']);
});

test('a route that grows pushes out no other that serves, however old it is', () => {
  const [old, young] = [aged('old', 1, ['a.com']), aged('young', 2, ['b.com'], 5)];
  const { ports } = httpTopology(listeners, [old, young]);
  const serving = new Set([old, young].map((each) => routeId(each.route)));
  const { taken } = finish(withRoom(ports, [old, young], { limit: 10, serving }));
  const grown = [aged('old', 1, ['a.com'], 10), young];
  const after = finish(withRoom(ports, grown, { limit: 10, serving, taken }));
  expect(after.routes.map(({ route: { key } }) => key)).toEqual(['shop/young']);
  const fits = [aged('old', 1, ['a.com'], 5), young];
  expect(finish(withRoom(ports, fits, { limit: 10, serving, taken })).problems).toEqual([]);
});

test('a wildcard with as many entries as before, but for more hosts, has grown', () => {
  const old = aged('old', 1, ['a.com', 'b.com', 'c.com']);
  const young = aged('young', 2, ['d.com', 'e.com', 'f.com']);
  const { ports } = httpTopology(listeners, [old, young]);
  const serving = new Set([old, young].map((each) => routeId(each.route)));
  const { taken } = finish(withRoom(ports, [old, young], { limit: 6, serving }));
  const wide = [aged('old', 1, ['*.com'], 3), young];
  const after = finish(withRoom(ports, wide, { limit: 6, serving, taken }));
  expect(after.routes.map(({ route: { key } }) => key)).toEqual(['shop/young']);
});

test('a namespace has its share, though older routes of another want all', () => {
  const own = (name: string, day: number, rules: number): RouteTopology => ({
    ...aged(name, day, [`${name}.com`], rules),
    route: { kind: 'HTTPRoute', key: objectKey({ namespace: 'other', name }) },
  });
  const routes = [own('one', 1, 5), own('two', 2, 5), aged('young', 3, ['y.com'], 5)];
  expect(left(routes, 10)).toEqual(['other/one', 'shop/young']);
  expect(left(routes, 15)).toEqual(['other/one', 'other/two', 'shop/young']);
});

test('entries of a wildcard count for each host below it', () => {
  const routes = [aged('wide', 1, ['*.a.com'], 3), aged('x', 2, ['x.a.com']), aged('y', 3, ['y.a.com'])];
  // 3 for the wildcard, and 3 + 1 for each host.
  expect(left(routes, 11)).toEqual(['shop/wide', 'shop/x', 'shop/y']);
  expect(left(routes, 10)).toEqual(['shop/wide', 'shop/x']);
});

test('each rule of a route without room says so', () => {
  const routes = [aged('web', 1, ['a.com'], 2)];
  const { problems } = finish(withRoom(httpTopology(listeners, routes).ports, routes, { limit: 1 }));
  expect(problems).toMatchObject([
    { kind: 'too-many-routes', rule: 0, limit: 1 },
    { kind: 'too-many-routes', rule: 1, limit: 1 },
  ]);
});

test('each server name of a TLSRoute takes the room of 8 entries, and a TCPRoute takes none', () => {
  const tls = connectionRoute('TLSRoute', 'tls', { db: 1 }, { hostnames: ['a.com', '*.a.com'] });
  const tcp = connectionRoute('TCPRoute', 'tcp', { db: 1 });
  const ports = [
    portOf({ port: 443, serves: { kind: 'tls' } }, [{ name: 'tls', tlsMode: 'Passthrough' }], [tls]),
    portOf({ port: 5432, serves: { kind: 'tcp' } }, [{ name: 'tcp' }], [tcp]),
  ];
  const fit = (limit: number): readonly string[] =>
    finish(withRoom(ports, [tls, tcp], { limit })).routes.map((each) => each.route.kind);
  expect(fit(16)).toEqual(['TLSRoute', 'TCPRoute']);
  expect(fit(15)).toEqual(['TCPRoute']);
});

const names = fc.uniqueArray(fc.constantFrom('*.shop.com', 'x.shop.com', '*.x.shop.com', 'a.com', '*.com'), {
  maxLength: 3,
});

const entriesIn = (topology: Topology): number =>
  [...modelOf(topology).snapshot.routes.values()]
    .flatMap(({ bytes }) => fromBinary(RouteConfigurationSchema, bytes).virtualHosts)
    .reduce((sum, { routes }) => sum + routes.length, 0);

test('the count before is the number of entries that Envoy gets', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(names, fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 6 }),
      (sketches) => {
        const routes = sketches.map(([hostnames, rules], index) => aged(`r${index}`, index + 1, hostnames, rules));
        const topology = httpTopology(listeners, routes);
        const entries = entriesIn(topology);
        expect(finish(withRoom(topology.ports, routes, { limit: entries })).problems).toEqual([]);
        expect(finish(withRoom(topology.ports, routes, { limit: entries - 1 })).problems).not.toEqual([]);
      },
    ),
  );
});
