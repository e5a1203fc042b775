import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PathModifier, Redirect, RouteAction } from '../../gateway/route-action.ts';
import { topologies } from '../../gateway/testing/arbitrary.ts';
import { forwardTo, httpTopology, type RuleSketch, route, service } from '../../gateway/testing/sample.ts';
import type { RequestMatch } from '../../gateway/topology.ts';
import { frozen } from '../../kube/object.ts';
import type { EnvoyModel } from './build.ts';
import { modelOf } from './testing/model-of.ts';
import { chainFor, locationOf, rewrittenPath, routeFor } from './testing/reference-envoy.ts';

const request = { method: 'GET', host: 'shop.com', path: '/', headers: {}, query: {} };
const http = [{ name: 'http' }];
const prefix = (value: string): Pick<RequestMatch, 'path'> => ({ path: { type: 'PathPrefix', value } });
const problemsOf = (rules: readonly RuleSketch[]) => modelOf(httpTopology(http, [route('web', rules)])).problems;

/** The name of the route that answers. */
const answers = (rules: readonly RuleSketch[], path: string): string | undefined =>
  routeFor(modelOf(httpTopology(http, [route('web', rules)])).snapshot, 'http/80', { ...request, path })?.name;

const rewriting = (path: PathModifier): RouteAction => ({
  kind: 'forward',
  backends: [{ service: service('web'), weight: 1, index: 0 }],
  rewrite: { path },
});

test.each([
  ['/a', { kind: 'prefix', value: '/b' }, { '/a': '/b', '/a/': '/b/', '/a/x': '/b/x' }],
  ['/a', { kind: 'prefix', value: '/' }, { '/a': '/', '/a/': '/', '/a/x': '/x' }],
  ['/', { kind: 'prefix', value: '/b' }, { '/': '/b/', '/x': '/b/x' }],
  ['/a.b', { kind: 'prefix', value: '/' }, { '/a.b/x': '/x' }],
  ['/a', { kind: 'full', value: '/b\\1' }, { '/a': '/b\\1', '/a/x': '/b\\1' }],
] as const)('paths below %s are rewritten by %j', (matched, modifier, paths) => {
  const { snapshot } = modelOf(
    httpTopology(http, [route('web', [{ matches: [prefix(matched)], action: rewriting(modifier) }])]),
  );
  for (const [from, to] of Object.entries(paths)) {
    const found = routeFor(snapshot, 'http/80', { ...request, path: from });
    if (found?.action.case !== 'route' || found.match === undefined) throw new Error(`no route for ${from}`);
    expect([from, rewrittenPath(found.action.value, found.match, from)]).toEqual([from, to]);
  }
});

const redirected = (redirect: Partial<Redirect>, { port = 80, tls = false } = {}): string => {
  const action: RouteAction = { kind: 'redirect', redirect: { statusCode: 302, ...redirect } };
  const topology = httpTopology(http, [route('web', [{ matches: [prefix('/a')], action }])], { port, tls });
  const table = tls ? `http/${port}/http` : `http/${port}`;
  const found = routeFor(modelOf(topology).snapshot, table, { ...request, path: '/a/x' });
  if (found?.action.case !== 'redirect' || found.match === undefined) throw new Error('no redirect');
  const from = tls ? 'https' : 'http';
  const host = port === (tls ? 443 : 80) ? request.host : `${request.host}:${port}`;
  return locationOf(found.action.value, found.match, { host, path: '/a/x', from });
};

test("a redirect has the listener's port, and never the port of the pod", () => {
  expect(redirected({ hostname: 'b.com' })).toBe('http://b.com/a/x');
  expect(redirected({ hostname: 'b.com' }, { port: 8080 })).toBe('http://b.com:8080/a/x');
  expect(redirected({ hostname: 'b.com' }, { port: 443, tls: true })).toBe('https://b.com/a/x');
  expect(redirected({ scheme: 'https', port: 443 })).toBe('https://shop.com/a/x');
  expect(redirected({ scheme: 'https', port: 8443 })).toBe('https://shop.com:8443/a/x');
  expect(redirected({ scheme: 'https', port: 443 }, { port: 8080 })).toBe('https://shop.com:443/a/x');
  expect(redirected({ port: 80 }, { port: 443, tls: true })).toBe('https://shop.com:80/a/x');
});

test('a redirect replaces the path, or its prefix', () => {
  expect(redirected({ path: { kind: 'full', value: '/b' } })).toBe('http://shop.com/b');
  expect(redirected({ path: { kind: 'prefix', value: '/b' } })).toBe('http://shop.com/b/x');
  expect(redirected({ path: { kind: 'prefix', value: '/' } })).toBe('http://shop.com/x');
});

test('a rule with a malformed expression is left out, and other rules stay', () => {
  const bad = { path: { type: 'RegularExpression' as const, value: '/(' } };
  const rules = [{ matches: [prefix('/a'), bad] }, { matches: [prefix('/b')] }];
  expect(problemsOf(rules)).toMatchObject([{ kind: 'regex-refused', rule: 0, field: 'matches[1].path.value' }]);
  expect(answers(rules, '/a')).toBeUndefined();
  expect(answers(rules, '/b')).toBe('shop/web/1/0');
});

test('an expression that is too large for Envoy is refused before', () => {
  const rules = [{ matches: [{ path: { type: 'RegularExpression' as const, value: '/[a-z]{900}[0-9]{900}' } }] }];
  expect(problemsOf(rules)).toMatchObject([{ kind: 'regex-refused', detail: expect.stringContaining('too large') }]);
});

test('a rule without its gate is left out too', () => {
  const bad = { path: { type: 'RegularExpression' as const, value: '/(' } };
  const rules: RuleSketch[] = [
    { matches: [bad], action: { kind: 'respond', statusCode: 500 } },
    { matches: [prefix('/')] },
  ];
  expect(problemsOf(rules)).toMatchObject([{ kind: 'regex-refused' }, { kind: 'gate-missing', rule: 1, gate: 0 }]);
  expect(answers(rules, '/')).toBeUndefined();
  const open = [{ matches: [bad] }, { matches: [prefix('/')] }];
  expect(answers(open, '/')).toBe('shop/web/1/0');
});

test('the order of routes and rules that differ only in the cluster changes no resource', () => {
  const routes = ['a', 'b', 'c'].map((name) => route(name, [{ matches: [prefix(`/${name}`)] }]));
  const one = modelOf(httpTopology(http, routes)).snapshot;
  const other = modelOf(httpTopology(http, routes.toReversed())).snapshot;
  expect([...other.routes.values()].map(({ version }) => version)).toEqual(
    [...one.routes.values()].map(({ version }) => version),
  );
});

test('a change of one route changes its table, and no listener or cluster of others', () => {
  const listeners = ['a', 'b'].map((name) => ({ name, hostname: `${name}.com` }));
  const model = (path: string) =>
    modelOf(
      httpTopology(
        listeners,
        ['a', 'b'].map((name) =>
          route(name, [{ matches: [prefix(name === 'a' ? path : '/')], action: forwardTo(name) }], {
            hostnames: [`${name}.com`],
          }),
        ),
        { port: 443, tls: true },
      ),
    ).snapshot;
  const [before, after] = [model('/x'), model('/y')];
  expect(after.listeners).toEqual(before.listeners);
  expect(after.clusters).toEqual(before.clusters);
  const changed = [...after.routes.values()].filter((each) => before.routes.get(each.name)?.version !== each.version);
  expect(changed.map(({ name }) => name)).toEqual(['http/443/a']);
});

test('a listener without its certificate serves nobody, and no other listener answers for it', () => {
  const listeners = [{ name: 'shop', hostname: 'shop.com', certificates: [] }, { name: 'all' }];
  const { snapshot } = modelOf(httpTopology(listeners, [route('web', [{}])], { port: 443, tls: true }));
  expect(chainFor(snapshot, 'tcp/443', 'shop.com')).toBe('http/443/all');
  expect(routeFor(snapshot, 'http/443/all', request)?.name).toBe('misdirected');
  expect([...snapshot.routes.keys()]).toEqual(['http/443/all']);
});

test('a backend that speaks HTTP/2 is another cluster than the same port with HTTP/1', () => {
  const to = (backend: ReturnType<typeof service>): RouteAction => ({
    kind: 'forward',
    backends: [{ service: backend, weight: 1, index: 0 }],
  });
  const rules = [{ action: to(service('web')) }, { action: to(service('web', { appProtocol: 'kubernetes.io/h2c' })) }];
  const { snapshot } = modelOf(httpTopology(http, [route('web', rules)]));
  expect([...snapshot.clusters.keys()]).toEqual(['shop/web/80', 'shop/web/80/h2']);
});

const path = (value: string): RuleSketch => ({ matches: [prefix(value)] });

test('a change of one route encodes only this route', () => {
  const [a, ...others] = ['a', 'b', 'b'].map((name, index) =>
    frozen(route(name, [path(`/${index}`)], { hostnames: [`${name}.com`] })),
  );
  const models = others.reduce<readonly EnvoyModel[]>(
    (all, b) => [...all, modelOf(httpTopology(http, a ? [a, b] : []), { ...(all[0] && { before: all[0] }) })],
    [],
  );
  const [before, after] = models.map(({ made }) => made.get('http/80')?.hosts.get('http') ?? new Map());
  const kept = [...(after ?? [])].filter(([hostname, { bytes }]) => before?.get(hostname)?.bytes === bytes);
  expect(kept.map(([hostname]) => hostname)).toEqual(['a.com', undefined]);
});

test('the model before changes nothing but the time', () => {
  fc.assert(
    fc.property(topologies(false), topologies(false), (one, other) => {
      const { snapshot } = modelOf(other);
      const again = modelOf(other, { before: modelOf(one) });
      expect(again.snapshot).toEqual(snapshot);
    }),
    { numRuns: 50 },
  );
});
