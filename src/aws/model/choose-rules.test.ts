// What there is room for, pass by pass: each pass finds in AWS what the one before has made.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RouteKind } from '../../api/route-kinds.ts';
import { routeId } from '../../gateway/route-id.ts';
import type { RouteTopology, RuleTopology } from '../../gateway/topology.ts';
import { objectKey } from '../../kube/object.ts';
import type { AwsTopology } from '../translation.ts';
import { buildModel, type ModelResult } from './build.ts';
import { hash } from './hash.ts';
import { DEFAULT_QUOTAS, type ModelQuotas } from './options.ts';
import { PLACEHOLDER_NETWORK } from './placeholder-network.ts';
import type { RuleResource } from './resources.ts';
import { standingAtoms } from './shares.ts';
import { NOTHING_STANDS, type Standing, type StandingRule } from './standing.ts';
import { type AlbRequest, firstMatch } from './testing/reference-alb.ts';
import { forward, listener, options, requestMatch, settings } from './testing/sample.ts';

interface RouteSketch {
  readonly kind?: RouteKind;
  readonly name: string;
  readonly hosts?: readonly string[];
  readonly rules: readonly Partial<RuleTopology>[];
  /** The later, the younger; as many days. */
  readonly age?: number;
  readonly unread?: true;
}

const keyOf = (name: string) => objectKey({ namespace: 'shop', name });

function routeOf({ kind = 'HTTPRoute', name, hosts = [], rules, age = 0, unread }: RouteSketch): RouteTopology {
  return {
    route: { kind, key: keyOf(name) },
    created: new Date(age * 86_400_000).toISOString(),
    hostnames: hosts,
    ...(unread && { unread }),
    rules: rules.map((rule, index) => ({ rule: index, matches: [], action: forward(name), backends: [], ...rule })),
  };
}

function topologyOf(sketches: readonly RouteSketch[], ports: readonly number[] = [80]): AwsTopology {
  const routes = sketches.map(routeOf).toSorted((a, b) => (a.route.key < b.route.key ? -1 : 1));
  const keys = routes.map(({ route }) => routeId(route));
  return {
    gateway: objectKey({ namespace: 'shop', name: 'web' }),
    settings,
    planes: ['alb'],
    ports: ports.map((port) => ({
      port,
      serves: { kind: 'http', tls: false },
      listeners: [listener(`http-${port}`, { routes: keys })],
    })),
    routes,
  };
}

const paths = (...values: readonly string[]): RuleTopology['matches'] =>
  values.map((value) => requestMatch({ path: { type: 'Exact', value } }));
const many = (prefix: string, count: number) =>
  paths(...Array.from({ length: count }, (_, index) => `/${prefix}/${index}`));

function pass(
  sketches: readonly RouteSketch[],
  standing: Standing = NOTHING_STANDS,
  quotas: Partial<ModelQuotas> = {},
  ports?: readonly number[],
): ModelResult {
  const all = { ...options, quotas: { ...DEFAULT_QUOTAS, ...quotas } };
  return buildModel(topologyOf(sketches, ports), PLACEHOLDER_NETWORK, all, standing);
}

const rulesOf = ({ model }: ModelResult): readonly RuleResource[] =>
  (model?.resources ?? []).filter((resource) => resource.kind === 'rule');

const portOf = ({ listener: id }: RuleResource): number => Number(id.split('/')[2]);

/** As AWS has it once the model is carried out. */
function standsOf(result: ModelResult, more: Partial<Standing> = {}): Standing {
  const rules = rulesOf(result).map(
    (rule, index): StandingRule => ({
      id: rule.id,
      port: portOf(rule),
      priority: index + 1,
      spec: rule.spec,
      specHash: rule.stands ?? hash(rule.spec),
      routes: rule.shares,
    }),
  );
  const groups = (result.model?.resources ?? []).filter((resource) => resource.kind === 'target-group');
  return {
    ...NOTHING_STANDS,
    ports: new Set(rules.map(({ port }) => `http/${port}` as const)),
    rules,
    targetGroups: [...groups, ...(result.model?.standing ?? [])].map(({ id }) => ({ id, spec: { targetType: 'ip' } })),
    ...more,
  };
}

/** What a route has in AWS. */
const atomsOf = (standing: Standing, name: string): readonly string[] => {
  const route = routeId({ kind: 'HTTPRoute', key: keyOf(name) });
  return (standingAtoms(standing.rules, [route]).byRoute.get(route) ?? []).map(({ id }) => id).toSorted();
};

const kinds = ({ problems }: ModelResult) => problems.map(({ kind }) => kind);
const servedBy = (result: ModelResult) =>
  new Set(rulesOf(result).flatMap(({ sources }) => sources.map(({ route }) => route.key)));

const few = (name: string, age: number): RouteSketch => ({ name, age, rules: [{ matches: paths(`/${name}`) }] });

test('C1: a route that grows beyond all bounds keeps what it had, and everything else serves on', () => {
  const others = [few('a', 1), few('b', 2), few('c', 3)];
  const before = pass([few('old', 0), ...others]);
  const hosts = Array.from({ length: 16 }, (_, index) => `h${index}.com`);
  const grown = { name: 'old', hosts, rules: [{ matches: many('x', 64) }, { matches: many('y', 64) }] };
  const after = pass([grown, ...others], standsOf(before));
  expect(rulesOf(after).map(({ id, spec }) => [id, spec])).toEqual(rulesOf(before).map(({ id, spec }) => [id, spec]));
  expect(after.problems).toMatchObject([
    { kind: 'change-does-not-fit', rule: 0, lack: 'rules', limit: 100, held: 4, wanted: 171 },
    { kind: 'change-does-not-fit', rule: 1 },
  ]);
});

test('C1: a new route that is too large for any load balancer blocks nobody who is younger', () => {
  const hosts = Array.from({ length: 16 }, (_, index) => `h${index}.com`);
  const result = pass([{ name: 'big', hosts, rules: [{ matches: many('x', 64) }] }, few('a', 1), few('b', 2)]);
  expect(servedBy(result)).toEqual(new Set(['shop/a', 'shop/b']));
  expect(result.problems).toMatchObject([{ kind: 'too-many-rules', held: 2, limit: 100, wanted: 171 }]);
});

test('C1b: a serving route that grows to all the rules there are evicts nobody, and keeps its own', () => {
  const others = ['a', 'b', 'c'].map((name, index) => few(name, index + 1));
  const before = pass([few('old', 0), ...others]);
  const grown = { name: 'old', rules: [{ matches: headers(100) }] };
  const after = pass([grown, ...others], standsOf(before));
  expect(rulesOf(after).map(({ spec }) => spec)).toEqual(rulesOf(before).map(({ spec }) => spec));
  expect(after.problems).toMatchObject([{ kind: 'change-does-not-fit', held: 4, wanted: 100 }]);
});

const headers = (count: number): RuleTopology['matches'] =>
  Array.from({ length: count }, (_, index) => requestMatch({ headers: [{ name: 'x', value: `${index}` }] }));

test('a misfit is skipped, and the next that fits is taken', () => {
  const wide = (name: string, age: number, count: number) => ({ name, age, rules: [{ matches: headers(count) }] });
  const result = pass([wide('first', 0, 3), wide('misfit', 1, 5), wide('next', 2, 2)], NOTHING_STANDS, {
    rulesPerLoadBalancer: 6,
  });
  expect(servedBy(result)).toEqual(new Set(['shop/first', 'shop/next']));
  expect(result.problems).toMatchObject([
    { kind: 'too-many-rules', route: { key: 'shop/misfit' }, held: 5, limit: 6, wanted: 5 },
  ]);
});

test('what serves stays, however old those are that come later', () => {
  const quotas = { rulesPerLoadBalancer: 2 };
  const young = [few('a', 8), few('b', 9)];
  const before = pass(young, NOTHING_STANDS, quotas);
  const after = pass([few('older', 0), ...young], standsOf(before), quotas);
  expect(servedBy(after)).toEqual(new Set(['shop/a', 'shop/b']));
  expect(after.problems).toMatchObject([{ kind: 'too-many-rules', route: { key: 'shop/older' }, held: 2, wanted: 1 }]);
});

test('a change that fits into what its own route leaves is made, with nothing to spare', () => {
  const quotas = { rulesPerLoadBalancer: 2 };
  const before = pass([few('a', 1), few('b', 2)], NOTHING_STANDS, quotas);
  const moved = { name: 'a', age: 1, rules: [{ matches: paths('/elsewhere') }] };
  const after = pass([few('older', 0), moved, few('b', 2)], standsOf(before), quotas);
  expect(servedBy(after)).toEqual(new Set(['shop/a', 'shop/b']));
  expect(kinds(after)).toEqual(['too-many-rules']);
});

test('what one route gives up another may take in the same pass', () => {
  const quotas = { rulesPerLoadBalancer: 4 };
  const wide = (name: string, age: number, count: number) => ({ name, age, rules: [{ matches: headers(count) }] });
  const before = pass([wide('a', 0, 1), wide('b', 1, 3)], NOTHING_STANDS, quotas);
  const after = pass([wide('a', 0, 3), wide('b', 1, 1)], standsOf(before), quotas);
  expect(after.problems).toEqual([]);
});

test('a route that leaves a full load balancer takes no rule of another route along', () => {
  const quotas = { rulesPerLoadBalancer: 8 };
  const x = [{ type: 'Exact' as const, name: 'x', value: '1' }];
  const exact = (value: string, sent: typeof x = []) => requestMatch({ path: { type: 'Exact', value }, headers: sent });
  const [root, below] = ['/', '/a/b'].map((value) => requestMatch({ path: { type: 'PathPrefix', value } }));
  if (root === undefined || below === undefined) throw new Error('no matches');
  const first = { matches: [exact('/'), below], action: forward('x') };
  // Two of these matches repeat those before them, and answer nothing.
  const second = { matches: [root, exact('/b', x), exact('/'), below], action: forward('y') };
  const stays = { name: 's', hosts: ['a.com'], rules: [first, second] };
  const leaves = { name: 'p', age: 2, hosts: ['b.com'], rules: [{ matches: [exact('/')], action: forward('y') }] };
  const comes = {
    name: 'q',
    hosts: ['a.com', 'b.com'],
    rules: [{ matches: [below, exact('/', x), exact('/')], action: forward('y') }],
  };
  const alone = pass([stays], NOTHING_STANDS, quotas);
  const both = pass([stays, leaves], standsOf(alone), quotas);
  const full = pass([stays, leaves, comes], standsOf(both), quotas);
  expect(rulesOf(full)).toHaveLength(8);
  const after = pass([stays, comes], standsOf(full), quotas);
  expect(after.problems).toEqual([]);
  const now = standingAtoms(standsOf(after).rules, []).all.map(({ id }) => id);
  expect(now).toEqual(expect.arrayContaining([...atomsOf(standsOf(full), 's'), ...atomsOf(standsOf(full), 'q')]));
});

test('target groups too: what serves stays, and the next that fits is taken', () => {
  const quotas = { targetGroupsPerLoadBalancer: 3 };
  const to = (name: string, age: number, ...backends: readonly string[]) => ({
    name,
    age,
    rules: [{ matches: paths(`/${name}`), action: forward(...backends) }],
  });
  const before = pass([to('young', 9, 'x', 'y')], NOTHING_STANDS, quotas);
  const after = pass([to('old', 0, 'p', 'q'), to('next', 5, 'p'), to('young', 9, 'x', 'y')], standsOf(before), quotas);
  expect(servedBy(after)).toEqual(new Set(['shop/young', 'shop/next']));
  expect(after.problems).toMatchObject([{ kind: 'too-many-target-groups', held: 3, limit: 3, wanted: 1 }]);
});

test('a route whose change does not fit keeps its backends, too', () => {
  const quotas = { targetGroupsPerLoadBalancer: 2 };
  const to = (...backends: readonly string[]) => ({
    name: 'a',
    rules: [{ matches: paths('/a'), action: forward(...backends) }],
  });
  const before = pass([to('x'), few('b', 1)], NOTHING_STANDS, quotas);
  const after = pass([to('p', 'q'), few('b', 1)], standsOf(before), quotas);
  expect(rulesOf(after).map(({ spec }) => spec)).toEqual(rulesOf(before).map(({ spec }) => spec));
  expect(after.model?.standing?.map(({ id }) => id)).toEqual([
    expect.stringContaining('target-group/internal/shop/x/'),
  ]);
  expect(after.problems).toMatchObject([{ kind: 'change-does-not-fit', lack: 'target-groups' }]);
});

test('of a rule that routes share, each keeps its own part: the one that can not change, and the one that does', () => {
  const shared = (name: string, host: string, age: number, more: Partial<RuleTopology> = {}) => ({
    name,
    age,
    hosts: [host],
    rules: [{ matches: paths('/x'), action: forward('api'), ...more }],
  });
  const before = pass([shared('a', 'a.com', 0), shared('b', 'b.com', 1), shared('c', 'c.com', 2)]);
  expect(rulesOf(before)).toHaveLength(1);
  const big = { ...shared('b', 'b.com', 1), rules: [{ matches: headers(100) }, { matches: headers(100) }] };
  const after = pass([shared('a', 'a2.com', 0), big], standsOf(before));
  const standing = standsOf(after);
  expect(rulesOf(after).map(({ spec }) => spec.conditions)).toMatchObject([
    [{ regexValues: [expect.stringContaining('a2'), expect.stringContaining('b')] }, {}],
  ]);
  expect(atomsOf(standing, 'b')).toEqual(atomsOf(standsOf(before), 'b'));
  const again = pass([shared('a', 'a2.com', 0), big], standing);
  expect(rulesOf(again).map(({ id, spec }) => [id, spec])).toEqual(rulesOf(after).map(({ id, spec }) => [id, spec]));
});

test('a route whose name does not fit into the id of its rules is known by a tag', () => {
  const quotas = { rulesPerLoadBalancer: 1 };
  const long = { name: 'x'.repeat(250), age: 9, rules: [{ matches: paths('/x') }] };
  const before = pass([long], NOTHING_STANDS, quotas);
  const after = pass([few('older', 0), long], standsOf(before), quotas);
  expect(rulesOf(after).map(({ spec }) => spec)).toEqual(rulesOf(before).map(({ spec }) => spec));
});

test('a route that can not be read any more keeps all that it has, and nobody else moves', () => {
  const before = pass([few('a', 0), few('b', 1), few('c', 2)]);
  const after = pass([few('a', 0), { name: 'b', age: 1, rules: [], unread: true }, few('c', 2)], standsOf(before));
  expect(rulesOf(after).map(({ id, spec }) => [id, spec])).toEqual(rulesOf(before).map(({ id, spec }) => [id, spec]));
  expect(after.problems).toEqual([]);
});

test('a rule to a Service of another namespace is kept only while that may be used', () => {
  const foreign = {
    ...forward('x'),
    backends: [
      { service: { ...backendOf('x'), service: objectKey({ namespace: 'bank', name: 'x' }) }, weight: 1, index: 0 },
    ],
  };
  const before = pass([{ name: 'b', rules: [{ matches: paths('/b'), action: foreign }] }]);
  const unread = [{ name: 'b', rules: [], unread: true }] as const;
  expect(rulesOf(pass(unread, standsOf(before)))).toEqual([]);
  expect(rulesOf(pass(unread, standsOf(before, { isPermitted: () => true })))).toHaveLength(1);
});

const backendOf = (name: string) => {
  const [backend] = forward(name).backends;
  if (backend?.service === undefined) throw new Error('no service');
  return backend.service;
};

test('a gate that does not fit takes the wider rule of its route along', () => {
  const gate = { matches: headers(3), action: { kind: 'respond', statusCode: 500 } as const };
  const result = pass(
    [few('a', 0), { name: 'b', age: 1, rules: [{ matches: [requestMatch()] }, gate] }],
    NOTHING_STANDS,
    {
      rulesPerLoadBalancer: 3,
    },
  );
  expect(servedBy(result)).toEqual(new Set(['shop/a']));
  expect(result.problems).toMatchObject([
    { kind: 'too-many-rules', rule: 1 },
    { kind: 'gate-missing', rule: 0, gate: 1 },
  ]);
});

test('a gate that comes to a serving route and does not fit changes nothing of it', () => {
  const quotas = { rulesPerLoadBalancer: 2 };
  const open = { matches: [requestMatch()] };
  const gate = { matches: headers(3), action: { kind: 'respond', statusCode: 500 } as const };
  const before = pass([{ name: 'b', rules: [open] }], NOTHING_STANDS, quotas);
  const after = pass([{ name: 'b', rules: [open, gate] }], standsOf(before), quotas);
  expect(rulesOf(after).map(({ spec }) => spec)).toEqual(rulesOf(before).map(({ spec }) => spec));
  expect(after.problems).toMatchObject([{ kind: 'change-does-not-fit', rule: 1 }]);
});

test('what no load balancer holds is never made: thousands of routes on all ports cost moments, and little memory', {
  timeout: 60_000,
}, () => {
  const hosts = Array.from({ length: 16 }, (_, index) => `h${index}.com`);
  const big = Array.from({ length: 1000 }, (_, index) => ({
    name: `big-${index}`,
    age: index,
    hosts,
    rules: [{ matches: many(`${index}/x`, 64) }, { matches: many(`${index}/y`, 64) }],
  }));
  const ports = Array.from({ length: 64 }, (_, index) => 8000 + index);
  const given = topologyOf([...big, few('small', 2000)], ports);
  const heap = process.memoryUsage().heapUsed;
  const started = performance.now();
  const { model, problems } = buildModel(given, PLACEHOLDER_NETWORK, options);
  expect(performance.now() - started).toBeLessThan(2000);
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(100 * 2 ** 20);
  const rules = (model?.resources ?? []).filter((resource) => resource.kind === 'rule');
  expect(new Set(rules.flatMap(({ sources }) => sources.map(({ route }) => route.key)))).toEqual(
    new Set(['shop/small']),
  );
  expect(problems.filter(({ kind }) => kind === 'too-many-rules')).toHaveLength(2000);
});

test('thousands of routes that might just fit block nothing either', { timeout: 60_000 }, () => {
  const hosts = Array.from({ length: 16 }, (_, index) => `h${index}.com`);
  const same = Array.from({ length: 1000 }, (_, index) => ({
    name: `same-${index}`,
    age: index,
    hosts,
    rules: [{ matches: many('x', 30), action: forward('api') }],
  }));
  const started = performance.now();
  const result = buildModel(topologyOf([...same, few('small', 2000)]), PLACEHOLDER_NETWORK, options);
  expect(performance.now() - started).toBeLessThan(5000);
  expect(servedBy(result)).toContain('shop/small');
});

const pathSet = ['/', '/a', '/b', '/a/b'] as const;
const matches = fc.uniqueArray(
  fc.record({
    path: fc.record({
      type: fc.constantFrom('Exact' as const, 'PathPrefix' as const),
      value: fc.constantFrom(...pathSet),
    }),
    headers: fc.constantFrom([], [], [{ type: 'Exact' as const, name: 'x', value: '1' }]),
    queryParams: fc.constant([]),
  }),
  { minLength: 1, maxLength: 5, selector: (match) => JSON.stringify(match) },
);
const names = ['p', 'q', 'r', 's'];
const ages: Readonly<Record<string, number>> = { p: 2, q: 0, r: 3, s: 0 };
const sketch = (name: string): fc.Arbitrary<RouteSketch> =>
  fc.record({
    name: fc.constant(name),
    hosts: fc.subarray(['a.com', 'b.com', '*.com']),
    age: fc.constant(ages[name] ?? 0),
    rules: fc.array(fc.record({ matches, action: fc.constantFrom(forward('x'), forward('y'), forward(name)) }), {
      minLength: 1,
      maxLength: 2,
    }),
  });
const world = fc.tuple(...names.map((name) => fc.option(sketch(name), { nil: undefined })));
const present = (routes: readonly (RouteSketch | undefined)[]) => routes.filter((route) => route !== undefined);
const quotas = fc.record({ rulesPerLoadBalancer: fc.integer({ min: 2, max: 8 }) });

/** The routes that have what they ask for, or had no room for it when they came. */
const settled = ({ problems }: ModelResult, name: string): boolean =>
  !problems.some((problem) => problem.kind === 'change-does-not-fit' && problem.route.key === keyOf(name));

test("nobody else's change takes anything from a route that serves and did not change", () => {
  const edits = fc.array(fc.tuple(fc.nat(names.length - 1), world), { maxLength: 4 });
  fc.assert(
    fc.property(world, edits, quotas, (first, changes, given) => {
      let routes = first;
      let result = pass(present(routes), NOTHING_STANDS, given);
      for (const [who, other] of changes) {
        const before = { routes, result, standing: standsOf(result) };
        routes = before.routes.map((route, index) => (index === who ? other[index] : route));
        result = pass(present(routes), before.standing, given);
        expect(rulesOf(result).length).toBeLessThanOrEqual(given.rulesPerLoadBalancer);
        const now = new Set(standingAtoms(standsOf(result).rules, []).all.map(({ id }) => id));
        for (const [index, route] of before.routes.entries()) {
          if (route === undefined || index === who || !settled(before.result, route.name)) continue;
          for (const atom of atomsOf(before.standing, route.name)) expect(now).toContain(atom);
        }
      }
    }),
    { numRuns: 150 },
  );
});

const requests: readonly AlbRequest[] = ['a.com', 'b.com', 'c.com', 'example.org'].flatMap((host) =>
  [...pathSet, '/z'].flatMap((path) =>
    [{}, { x: '1' }].map((sent) => ({ method: 'GET', host, path, headers: sent, query: [] })),
  ),
);

/** What answers each of the requests. */
const answers = (result: ModelResult): readonly unknown[] => {
  const rules = rulesOf(result).map(({ spec }) => spec);
  return requests.map((request) => firstMatch(rules, request)?.action);
};

test('the same routes and the same AWS give the same rules in whatever order they are listed, and answers come to rest', () => {
  fc.assert(
    fc.property(world, world, quotas, fc.infiniteStream(fc.nat()), (before, after, given, keys) => {
      const standing = standsOf(pass(present(before), NOTHING_STANDS, given));
      const result = pass(present(after), standing, given);
      const shuffled = <T>(items: readonly T[]): readonly T[] =>
        items
          .map((item) => ({ item, key: keys.next().value }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ item }) => item);
      expect(rulesOf(result).length).toBeLessThanOrEqual(given.rulesPerLoadBalancer);
      const stands = { ...standing, targetGroups: shuffled(standing.targetGroups) };
      expect(pass(shuffled(present(after)), stands, given)).toEqual(result);
      // What stands may show how to pack it in fewer rules than were found at first, so that one more fits. That ends.
      let last = result;
      for (let passes = 1; passes <= 3; passes += 1) last = pass(present(after), standsOf(last), given);
      expect(answers(pass(present(after), standsOf(last), given))).toEqual(answers(last));
    }),
    { numRuns: 150 },
  );
});

test('a GRPCRoute is never taken for the HTTPRoute of its name: each has rules of its own, and keeps them', () => {
  const http = { name: 'web', rules: [{ matches: paths('/a') }] };
  const action = forward('grpc');
  const grpc = { kind: 'GRPCRoute', name: 'web', rules: [{ matches: paths('/b'), action }] } as const;
  const before = pass([http, grpc]);
  expect(rulesOf(before).map(({ id }) => id)).toEqual([
    'rule/internal/80/shop/web/0/0',
    'rule/internal/80/GRPCRoute/shop/web/0/0',
  ]);
  const after = pass([http, { ...grpc, rules: [{ matches: paths('/c'), action }] }], standsOf(before));
  expect(rulesOf(after).map(({ spec }) => spec.conditions)).toEqual([
    [{ field: 'path-pattern', values: ['/a'] }],
    [{ field: 'path-pattern', values: ['/c'] }],
  ]);
  const ids = [http, grpc].map((each) => routeId(routeOf(each).route));
  const standing = standingAtoms(standsOf(before).rules, ids);
  expect([...standing.byRoute.values()].map((atoms) => atoms.length)).toEqual([1, 1]);
});
