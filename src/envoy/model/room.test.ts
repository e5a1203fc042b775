import { fromBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CorsOrigin, RouteAction } from '../../gateway/route-action.ts';
import { routeId } from '../../gateway/route-id.ts';
import { finish } from '../../gateway/steps.ts';
import { backendTls, connectionRoute, httpTopology, portOf, route, service } from '../../gateway/testing/sample.ts';
import type { RouteTopology, Topology } from '../../gateway/topology.ts';
import { objectKey } from '../../kube/object.ts';
import { RouteConfigurationSchema } from '../xds/envoy/config/route/v3/route_pb.ts';
import type { Amount } from './amounts.ts';
import { type Room, withRoom } from './room.ts';
import { modelOf } from './testing/model-of.ts';

const aged = (name: string, day: number, hostnames: readonly string[], rules = 1): RouteTopology =>
  route(
    name,
    Array.from({ length: rules }, () => ({})),
    { hostnames, created: `2026-01-0${day}T00:00:00Z` },
  );

const all = Number.MAX_SAFE_INTEGER;
const unlimited: Amount = { entries: all, regexes: all, bytes: all, clusters: all };

const entries = (limit: number): Amount => ({ ...unlimited, entries: limit });

const listeners = [{ name: 'all' }, { name: 'shop', hostname: '*.shop.com' }];

const left = (routes: readonly RouteTopology[], limit: number, serving: readonly RouteTopology[] = []) =>
  finish(
    withRoom(httpTopology(listeners, routes).ports, routes, {
      limits: entries(limit),
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
  const { taken } = finish(withRoom(ports, [old, young], { limits: entries(10), serving }));
  const grown = [aged('old', 1, ['a.com'], 10), young];
  const after = finish(withRoom(ports, grown, { limits: entries(10), serving, taken }));
  expect(after.routes.map(({ route: { key } }) => key)).toEqual(['shop/young']);
  const fits = [aged('old', 1, ['a.com'], 5), young];
  expect(finish(withRoom(ports, fits, { limits: entries(10), serving, taken })).problems).toEqual([]);
});

test('a wildcard with as many entries as before, but for more hosts, has grown', () => {
  const old = aged('old', 1, ['a.com', 'b.com', 'c.com']);
  const young = aged('young', 2, ['d.com', 'e.com', 'f.com']);
  const { ports } = httpTopology(listeners, [old, young]);
  const serving = new Set([old, young].map((each) => routeId(each.route)));
  const { taken } = finish(withRoom(ports, [old, young], { limits: entries(6), serving }));
  const wide = [aged('old', 1, ['*.com'], 3), young];
  const after = finish(withRoom(ports, wide, { limits: entries(6), serving, taken }));
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
  const { problems } = finish(withRoom(httpTopology(listeners, routes).ports, routes, { limits: entries(1) }));
  expect(problems).toMatchObject([
    { kind: 'too-many-routes', rule: 0, limit: 1 },
    { kind: 'too-many-routes', rule: 1, limit: 1 },
  ]);
});

test('each server name of a TLSRoute takes the room of 8 entries, and each listener of a TCPRoute', () => {
  const tls = connectionRoute('TLSRoute', 'tls', { db: 1 }, { hostnames: ['a.com', '*.a.com'] });
  const tcp = connectionRoute('TCPRoute', 'tcp', { db: 1 });
  const ports = [
    portOf({ port: 443, serves: { kind: 'tls' } }, [{ name: 'tls', tlsMode: 'Passthrough' }], [tls]),
    portOf({ port: 5432, serves: { kind: 'tcp' } }, [{ name: 'tcp' }], [tcp]),
  ];
  const fit = (limit: number): readonly string[] =>
    finish(withRoom(ports, [tls, tcp], { limits: entries(limit) })).routes.map((each) => each.route.kind);
  expect(fit(24)).toEqual(['TLSRoute', 'TCPRoute']);
  expect(fit(23)).toEqual(['TCPRoute']);
  expect(fit(7)).toEqual([]);
});

const names = fc.uniqueArray(fc.constantFrom('*.shop.com', 'x.shop.com', '*.x.shop.com', 'a.com', '*.com'), {
  maxLength: 3,
});

const entriesIn = (topology: Topology): number =>
  [...modelOf(topology).snapshot.routes.values()]
    .flatMap(({ bytes }) => fromBinary(RouteConfigurationSchema, bytes).virtualHosts)
    .reduce((sum, { routes }) => sum + routes.length, 0);

/** A backend with a filter of its own, which makes a route for each backend. */
const shared: RouteAction = {
  kind: 'forward',
  backends: [
    { service: service('one'), weight: 1, index: 0, rewrite: { hostname: 'one.com' } },
    { service: service('two'), weight: 1, index: 1 },
    { service: service('none'), weight: 0, index: 2 },
  ],
};

test('the count before is the number of entries that Envoy gets', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(names, fc.integer({ min: 1, max: 3 }), fc.boolean()), { minLength: 1, maxLength: 6 }),
      (sketches) => {
        const routes = sketches.map(([hostnames, rules, isShared], index) =>
          route(
            `r${index}`,
            Array.from({ length: rules }, () => (isShared ? { action: shared } : {})),
            { hostnames },
          ),
        );
        const topology = httpTopology(listeners, routes);
        const count = entriesIn(topology);
        expect(finish(withRoom(topology.ports, routes, { limits: entries(count) })).problems).toEqual([]);
        expect(finish(withRoom(topology.ports, routes, { limits: entries(count - 1) })).problems).not.toEqual([]);
      },
    ),
  );
});

/** 10 characters. */
const regex = { type: 'RegularExpression' as const, value: '/v[0-9]{2}' };

const withRegexes = (name: string, hostnames: readonly string[], count: number, action?: RouteAction): RouteTopology =>
  route(
    name,
    Array.from({ length: count }, () => ({ matches: [{ path: regex }], ...(action && { action }) })),
    { hostnames, created: '2026-01-01T00:00:00Z' },
  );

const fits = (regexes: number, routes: readonly RouteTopology[], rest: Partial<Room> = {}) =>
  finish(
    withRoom(httpTopology([{ name: 'all' }], routes).ports, routes, {
      limits: { ...unlimited, entries: 1_000, regexes },
      ...rest,
    }),
  );

test('regular expressions count for each hostname and each backend with a route of its own', () => {
  const kinds = (regexes: number, each: RouteTopology) => fits(regexes, [each]).problems.map(({ kind }) => kind);
  const two = withRegexes('web', ['a.com', 'b.com'], 1);
  expect([kinds(120, two), kinds(119, two)]).toEqual([[], ['too-many-regexes']]);
  const split = withRegexes('web', ['a.com'], 1, shared);
  expect([kinds(120, split), kinds(119, split)]).toEqual([[], ['too-many-regexes']]);
  const inAll = route('web', [
    {
      matches: [
        {
          path: regex,
          headers: [{ ...regex, name: 'x' }],
          queryParams: [
            { ...regex, name: 'x' },
            { type: 'Exact', name: 'y', value: 'y' },
          ],
        },
      ],
    },
  ]);
  expect([kinds(180, inAll), kinds(179, inAll)]).toEqual([[], ['too-many-regexes']]);
});

test('the wildcards in the origins of a CORS filter count, and other origins do not', () => {
  const host = (name: string): CorsOrigin => ({ kind: 'host', scheme: 'https', host: name });
  const origins: readonly CorsOrigin[] = [{ kind: 'any' }, host('a.com'), host('*.a.com')];
  const cors = { origins, credentials: false, methods: [], headers: [], exposed: [], maxAge: 5 };
  const action: RouteAction = { kind: 'forward', backends: [{ service: service('a'), weight: 1, index: 0 }], cors };
  const web = route('web', [{ action }]);
  const size = String.raw`https://[-_.a-z0-9]+\.a\.com`.length + 50;
  expect(fits(size, [web]).problems).toEqual([]);
  expect(fits(size - 1, [web]).problems).toMatchObject([{ kind: 'too-many-regexes', limit: size - 1 }]);
});

test('a route whose expressions grow pushes out no other that serves', () => {
  const old = withRegexes('old', ['a.com'], 1);
  const young = { ...withRegexes('young', ['b.com'], 2), created: '2026-01-02T00:00:00Z' };
  const serving = new Set([old, young].map((each) => routeId(each.route)));
  const { taken } = fits(180, [old, young], { serving });
  const { hostnames, created } = old;
  const longer = { ...regex, value: `${regex.value}/x` };
  const grown = route('old', [{ matches: [{ path: longer }] }], { hostnames, created: created ?? '' });
  const keys = (regexes: number) =>
    fits(regexes, [grown, young], { serving, taken }).routes.map(({ route: { key } }) => key);
  expect(keys(182)).toEqual(['shop/old', 'shop/young']);
  expect(keys(181)).toEqual(['shop/young']);
});

test('expressions of a route that no host has count too, because they are compiled', () => {
  const lost = withRegexes('lost', ['a.com'], 2);
  const { ports } = httpTopology([{ name: 'all' }, { name: 'a', hostname: 'a.com', routes: [] }], [lost]);
  const problems = (regexes: number) =>
    finish(withRoom(ports, [lost], { limits: { ...unlimited, entries: 0, regexes } })).problems;
  expect(problems(120)).toEqual([]);
  expect(problems(119)).toMatchObject([{ kind: 'too-many-regexes' }, { kind: 'too-many-regexes' }]);
});

test('the filters of a rule count for each match and hostname, so that no route makes a table of hundreds of megabytes', () => {
  const long = 'x'.repeat(4_000);
  const add = Array.from({ length: 16 }, (_, index) => ({ name: `x-${index}`, value: long }));
  const changes = { set: [], add, remove: [] };
  const action = { kind: 'forward' as const, backends: [{ service: service('web'), weight: 1, index: 0 }] };
  const matches = Array.from({ length: 64 }, (_, index) => ({
    path: { type: 'Exact' as const, value: `/${index}` },
  }));
  const hostnames = Array.from({ length: 16 }, (_, index) => `h${index}.com`);
  const large = route('large', [{ matches, action: { ...action, requestHeaders: changes } }], { hostnames });
  const small = route('small', [{ matches, action }], { hostnames });
  const { routes, problems } = finish(withRoom(httpTopology([{ name: 'all' }], [large, small]).ports, [large, small]));
  expect(routes.map((each) => each.route.key)).toEqual(['shop/small']);
  expect(problems).toMatchObject([{ kind: 'too-many-bytes', field: 'filters', limit: 32_000_000 }]);
});

test('a cluster counts once for a route, whatever its hostnames, and six times if its backend has TLS', () => {
  const tls = {
    policy: objectKey({ namespace: 'shop', name: 'policy' }),
    serverName: 'web.com',
    names: [],
    authorities: { kind: 'system' as const },
  };
  const to = (backends: readonly string[], more: Parameters<typeof service>[1] = {}) => ({
    action: {
      kind: 'forward' as const,
      backends: backends.map((name, index) => ({ service: service(name, more), weight: 1, index })),
    },
  });
  const hostnames = ['a.com', 'b.com'];
  const fit = (clusters: number, each: RouteTopology) =>
    finish(
      withRoom(httpTopology([{ name: 'all' }], [each]).ports, [each], { limits: { ...unlimited, clusters } }),
    ).problems.map(({ kind }) => kind);
  const plain = route('web', [to(['a', 'b']), to(['b', 'c'])], { hostnames });
  expect([fit(3, plain), fit(2, plain)]).toEqual([[], ['too-many-clusters', 'too-many-clusters']]);
  const secure = route('web', [to(['a', 'b'], { tls })], { hostnames });
  expect([fit(12, secure), fit(11, secure)]).toEqual([[], ['too-many-clusters']]);
  // One cluster with two policies, and one for connections that are passed through.
  const policies = { a: backendTls('one'), b: backendTls('two'), c: backendTls('two') };
  const mail = connectionRoute('TLSRoute', 'mail', { a: 1, b: 1, c: 1, plain: 1 }, {}, policies);
  expect([fit(12, mail), fit(11, mail)]).toEqual([[], ['too-many-clusters']]);
});
