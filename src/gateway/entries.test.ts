import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { frozen } from '../kube/object.ts';
import { GOLDEN_NOW, GOLDEN_PROTOCOLS } from '../testing/golden.ts';
import { hostnamesOn, onPort, portEntries, viewOf } from './entries.ts';
import { fromManifests } from './from-manifests.ts';
import { covers } from './hostnames.ts';
import { routeId } from './route-id.ts';
import { httpTopology, route as sampleRoute } from './testing/sample.ts';
import type { RouteEntry } from './topology.ts';
import { translate } from './translate.ts';

const hostnames = [undefined, '*.example.com', 'a.example.com', '*.a.example.com', 'b.a.example.com', 'example.org'];
const requestHosts = ['a.example.com', 'b.a.example.com', 'c.a.example.com', 'd.example.com', 'example.org', 'x.net'];
const requestPaths = ['/', '/x', '/x/y', '/xy'];

interface Route {
  readonly section: number;
  readonly hostname: string | undefined;
  readonly exact: boolean;
  readonly path: string;
}

const listeners = fc.uniqueArray(fc.constantFrom(...hostnames), { minLength: 1, maxLength: 4 });
const route = fc.record<Route>({
  section: fc.nat(3),
  hostname: fc.constantFrom(...hostnames),
  exact: fc.boolean(),
  path: fc.constantFrom('/', '/x', '/x/y'),
});

const apiVersion = 'gateway.networking.k8s.io/v1';

/** The first listener is the Gateway's own, and the others are a ListenerSet's. */
function entriesOf(listenerHosts: readonly (string | undefined)[], routes: readonly Route[]): readonly RouteEntry[] {
  const [own, ...others] = listenerHosts.map((hostname, index) => ({
    name: `l${index}`,
    port: 80,
    protocol: 'HTTP',
    ...(hostname !== undefined && { hostname }),
  }));
  const { inputs } = fromManifests(
    [
      { apiVersion, kind: 'GatewayClass', metadata: { name: 'aws' }, spec: { controllerName: 'gatehouse.dev/aws' } },
      {
        apiVersion,
        kind: 'Gateway',
        metadata: { name: 'web' },
        spec: {
          gatewayClassName: 'aws',
          allowedListeners: { namespaces: { from: 'Same' } },
          listeners: [own],
        },
      },
      {
        apiVersion,
        kind: 'ListenerSet',
        metadata: { name: 'more' },
        spec: { parentRef: { name: 'web' }, listeners: others },
      },
      ...routes.map(({ section, hostname, exact, path }, index) => ({
        apiVersion,
        kind: 'HTTPRoute',
        metadata: { name: `r${index}` },
        spec: {
          parentRefs: [
            {
              ...(section === 0 ? { name: 'web' } : { kind: 'ListenerSet', name: 'more' }),
              sectionName: `l${section}`,
            },
          ],
          ...(hostname !== undefined && { hostnames: [hostname] }),
          rules: [{ matches: [{ path: { type: exact ? 'Exact' : 'PathPrefix', value: path } }] }],
        },
      })),
    ],
    { now: GOLDEN_NOW },
  );
  return inputs.flatMap((input) => {
    const { topology } = translate(input, GOLDEN_PROTOCOLS);
    const [port] = topology?.ports ?? [];
    return topology === undefined || port === undefined ? [] : portEntries(port, topology.routes);
  });
}

const pathFits = (exact: boolean, path: string, requested: string): boolean =>
  requested === path || (!exact && (path === '/' || requested.startsWith(`${path}/`)));

/** As a data plane reads the list: the first entry that fits. The route's name, or undefined for a 404. */
function answer(entries: readonly RouteEntry[], host: string, path: string): string | undefined {
  const entry = entries.find(
    ({ hostname, match }) => covers(hostname, host) && pathFits(match.path.type === 'Exact', match.path.value, path),
  );
  return entry?.source.kind === 'rule' ? entry.source.route.key : undefined;
}

const rank = (hostname: string | undefined): number =>
  hostname === undefined ? 0 : hostname.length + (hostname.startsWith('*') ? 0 : 1000);

/** As the Gateway API puts it: first the listener, then its routes alone. */
function expected(
  listenerHosts: readonly (string | undefined)[],
  routes: readonly Route[],
  host: string,
  path: string,
): string | undefined {
  const [listener] = listenerHosts
    .map((hostname, index) => ({ hostname, index }))
    .filter(({ hostname }) => covers(hostname, host))
    .toSorted((a, b) => rank(b.hostname) - rank(a.hostname));
  const [winner] = routes
    .map((each, index) => ({ ...each, index }))
    .filter(({ section }) => section === listener?.index)
    .filter((each) => covers(each.hostname, host) && pathFits(each.exact, each.path, path))
    .toSorted(
      (a, b) =>
        rank(b.hostname) - rank(a.hostname) ||
        Number(b.exact) - Number(a.exact) ||
        b.path.length - a.path.length ||
        a.index - b.index,
    );
  return winner === undefined ? undefined : `default/r${winner.index}`;
}

test('every request is answered by its most specific listener, and there by the match that wins', () => {
  fc.assert(
    fc.property(listeners, fc.array(route, { maxLength: 6 }), (listenerHosts, routes) => {
      const entries = entriesOf(listenerHosts, routes);
      for (const host of requestHosts) {
        for (const path of requestPaths) {
          expect({ host, path, by: answer(entries, host, path) }).toEqual({
            host,
            path,
            by: expected(listenerHosts, routes, host, path),
          });
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('each 404 keeps some request from the routes of a less specific listener', () => {
  fc.assert(
    fc.property(listeners, fc.array(route, { maxLength: 6 }), (listenerHosts, routes) => {
      const entries = entriesOf(listenerHosts, routes);
      for (const [index, isolate] of entries.entries()) {
        if (isolate.source.kind !== 'isolate') continue;
        const after = entries.slice(index + 1);
        const kept = requestHosts
          .filter((host) => covers(isolate.hostname, host))
          .flatMap((host) => requestPaths.map((path) => answer(after, host, path)));
        expect(kept.some((by) => by !== undefined)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test('what is remembered of a route on a port holds only for the same listeners', () => {
  const shop = frozen(sampleRoute('shop', [{}], { hostnames: ['a.shop.com'] }));
  const hosts = onPort((view, each) =>
    (view.attached.get(routeId(each.route)) ?? []).flatMap((listener) =>
      hostnamesOn(view, listener, each).map(([, hostname]) => `${listener.name} ${hostname}`),
    ),
  );
  const on = (...given: Parameters<typeof httpTopology>[0]) =>
    httpTopology(given, [shop]).ports.flatMap((port) => hosts(viewOf(port), shop));
  expect(on({ name: 'all' })).toEqual(['all a.shop.com']);
  expect(on({ name: 'all' }, { name: 'wide', hostname: '*.shop.com' })).toEqual(['wide a.shop.com']);
  expect(on({ name: 'all' }, { name: 'wide', hostname: '*.shop.com', routes: [] })).toEqual([]);
  expect(on({ name: 'all' })).toEqual(['all a.shop.com']);
});
