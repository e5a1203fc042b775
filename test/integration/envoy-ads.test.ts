// The configuration service with a real Envoy.
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../localstack/cluster/ports.ts';
import { type AdsUnderTest, newTrust, startAds, web } from '../../src/envoy/ads/testing/ads-under-test.ts';
import { tokenOf } from '../../src/envoy/ads/testing/tokens.ts';
import type { Resource, Snapshot } from '../../src/envoy/snapshot.ts';
import { ClusterSchema } from '../../src/envoy/xds/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../src/envoy/xds/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../../src/envoy/xds/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../src/envoy/xds/envoy/config/route/v3/route_pb.ts';
import { ads, fromText, httpListener, socketAddress, startEnvoy } from './support/envoy.ts';

const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'] as const;
let backends: readonly Server[] = [];
let backendPorts: readonly number[] = [];

/** Each backend answers with its number. */
beforeAll(async () => {
  backends = [0, 1].map((number) => createServer((_, response) => response.end(String(number))));
  backendPorts = await Promise.all(
    backends.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
});
afterAll(() => backends.forEach((server) => server.close()));

const named = (resources: readonly Resource[]): ReadonlyMap<string, Resource> =>
  new Map(resources.map((each) => [each.name, each]));

const cluster = (name: string, timeout = '5s'): Resource =>
  fromText(ClusterSchema, name, { name, type: 'EDS', connectTimeout: timeout, edsClusterConfig: { edsConfig: ads } });

const endpoints = (clusterName: string, backend = 0): Resource =>
  fromText(ClusterLoadAssignmentSchema, clusterName, {
    clusterName,
    endpoints: [{ lbEndpoints: [{ endpoint: { address: socketAddress(backendPorts[backend] ?? 0) } }] }],
  });

/** `/text` answers with the text, everything else goes to the cluster. */
const routes = (name: string, { text = 'old', regex = '/text', to = 'shop' } = {}): Resource =>
  fromText(RouteConfigurationSchema, name, {
    name,
    virtualHosts: [
      {
        name: 'all',
        domains: ['*'],
        routes: [
          {
            name: 'text',
            match: { safeRegex: { regex } },
            directResponse: { status: 200, body: { inlineString: text } },
          },
          { match: { prefix: '/' }, route: { cluster: to } },
        ],
      },
    ],
  });

async function setup(options: AdsUnderTest = {}) {
  const service = await startAds(options);
  const ports = await freePorts(names.length);
  const portOf = (name: string): number => ports[names.findIndex((each) => each === name)] ?? 0;
  const snapshot: Snapshot = {
    clusters: named([cluster('shop')]),
    endpoints: named([endpoints('shop')]),
    secrets: named([]),
    listeners: named(names.map((name) => fromText(ListenerSchema, name, httpListener(name, portOf(name))))),
    routes: named(names.map((name) => routes(name))),
  };
  const get = async (name: string, path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${portOf(name)}${path}`).catch(() => undefined);
    return response === undefined ? 'down' : `${response.status} ${await response.text()}`;
  };
  const start = (pod: string) => startEnvoy({ pod, adsPort: service.port, authorities: service.authorities });
  const isCurrent = (): boolean => service.server.states(web).every((state) => state.isCurrent);
  return { ...service, snapshot, get, start, isCurrent };
}

const within = { timeout: 10_000, interval: 5 };

test('Envoy serves what is published, and each change of it', async () => {
  const { server, snapshot, get, start, isCurrent } = await setup();
  server.publish(web, snapshot);
  await start('one');
  await expect.poll(() => get('one', '/text'), within).toBe('200 old');
  expect(await get('one', '/')).toBe('200 0');

  server.publish(web, { ...snapshot, routes: named(names.map((name) => routes(name, { text: 'new' }))) });
  await expect.poll(() => get('eight', '/text'), within).toBe('200 new');
  server.publishEndpoints(web, named([endpoints('shop', 1)]));
  await expect.poll(() => get('one', '/'), within).toBe('200 1');
  await expect.poll(isCurrent, within).toBe(true);
  expect(server.states(web)[0]?.rejected).toEqual([]);
});

test('an Envoy is ready when it has its listeners, and shows metrics and nothing else of its administration', async () => {
  const { server, snapshot, start } = await setup();
  const { readyPort } = await start('one');
  const ask = async (path: string, method = 'GET'): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${readyPort}${path}`, { method }).catch(() => undefined);
    return response === undefined ? 'down' : `${response.status} ${await response.text()}`;
  };
  await expect.poll(() => server.states(web).length, within).toBe(1);
  expect(await ask('/ready')).toBe('down');

  server.publish(web, snapshot);
  await expect.poll(() => ask('/ready'), within).toBe('200 LIVE\n');
  expect(await ask('/stats/prometheus')).toMatch(/^200 .*envoy_cluster_membership_total\{envoy_cluster_name="shop"\}/s);
  for (const path of ['/', '/config_dump', '/certs', '/stats', '/ready/../config_dump', '/quitquitquit']) {
    expect(`${path}: ${await ask(path)}`).toBe(`${path}: 404 `);
  }
  expect(await ask('/ready', 'POST')).toBe('404 ');
});

test('a route table that Envoy rejects keeps its last good version, also in an Envoy that starts later', async () => {
  const { server, snapshot, get, start, isCurrent } = await setup();
  server.publish(web, snapshot);
  const first = await start('one');
  await expect.poll(() => get('seven', '/text'), within).toBe('200 old');

  const change = (name: string) => routes(name, { text: 'new', regex: name === 'seven' ? '/(' : '/text' });
  server.publish(web, { ...snapshot, routes: named(names.map(change)) });
  for (const name of names) {
    await expect.poll(() => get(name, '/text'), within).toBe(name === 'seven' ? '200 old' : '200 new');
  }
  await expect.poll(isCurrent, within).toBe(true);
  const rejected = server.states(web)[0]?.rejected ?? [];
  expect(rejected.map(({ kind, name }) => [kind, name])).toEqual([['routes', 'seven']]);
  expect(rejected[0]?.message).toContain('missing ): /(');
  expect(server.summary(web).rejected).toMatchObject([{ name: 'seven', suspects: [{ name: 'text', isNew: false }] }]);

  await first.stop();
  await expect.poll(() => server.states(web), within).toEqual([]);
  await start('two');
  for (const name of names) {
    await expect.poll(() => get(name, '/text'), within).toBe(name === 'seven' ? '200 old' : '200 new');
  }
});

test('one bad cluster of many is named, and all others serve, in a new Envoy too', async () => {
  const { server, snapshot, get, start } = await setup();
  const bad = fromText(ClusterSchema, 'bad', { name: 'bad', type: 'EDS', connectTimeout: '0s', edsClusterConfig: {} });
  const others = [...Array(30).keys()].map((index) => `c${index}`);
  server.publish(web, {
    ...snapshot,
    clusters: named([cluster('shop'), ...others.map((name) => cluster(name)), bad]),
    endpoints: named(['shop', ...others].map((name) => endpoints(name))),
    routes: named(names.map((name) => routes(name, { to: 'c29' }))),
  });
  await start('one');
  await expect.poll(() => get('one', '/'), within).toBe('200 0');
  const rejected = server.states(web)[0]?.rejected ?? [];
  expect(rejected.map(({ kind, name }) => [kind, name])).toEqual([['clusters', 'bad']]);
});

test('a changed cluster and a route to a new cluster serve at once, and no request fails meanwhile', async () => {
  const { server, snapshot, get, start } = await setup();
  server.publish(web, snapshot);
  await start('one');
  await expect.poll(() => get('one', '/'), within).toBe('200 0');
  const answers = new Set<string>();
  const stopped = new AbortController();
  const traffic = (async () => {
    while (!stopped.signal.aborted) answers.add(await get('one', '/'));
  })();
  let last = 0;
  for (let change = 1; change <= 20; change += 1) {
    const [name, backend] = [`shop-${change}`, change % 2];
    const started = performance.now();
    server.publish(web, {
      ...snapshot,
      clusters: named([cluster('shop', `${change}s`), cluster(name)]),
      endpoints: named([endpoints('shop'), endpoints(name, backend)]),
      routes: named(names.map((each) => routes(each, { to: name }))),
    });
    await expect.poll(() => get('one', '/'), within).toBe(`200 ${backend}`);
    last = Math.max(last, performance.now() - started);
  }
  stopped.abort();
  await traffic;
  expect([...answers].toSorted()).toEqual(['200 0', '200 1']);
  // Without its endpoints again, Envoy would wait 15 s for a changed cluster.
  expect(last).toBeLessThan(5_000);
});

test('a pod that is about to end closes its connections after their answers, and takes no new ones', async () => {
  const { server, snapshot, get, start, pods } = await setup();
  server.publish(web, snapshot);
  await start('one');
  await expect.poll(() => get('one', '/text'), within).toBe('200 old');
  pods.set('one', { gateway: web, stage: 'draining' });
  server.podsChanged();
  await expect.poll(() => get('one', '/text'), within).toBe('down');
  pods.set('one', { gateway: web, stage: 'serving' });
  server.podsChanged();
  await expect.poll(() => get('one', '/text'), within).toBe('200 old');
});

test('an Envoy whose service is away keeps serving, and comes back', async () => {
  const { server, snapshot, get, start, isCurrent, pods } = await setup();
  server.publish(web, snapshot);
  await start('one');
  await expect.poll(() => get('one', '/text'), within).toBe('200 old');
  await expect.poll(isCurrent, within).toBe(true);
  const place = pods.get('one');
  pods.delete('one');
  server.podsChanged();
  await expect.poll(() => server.states(web), within).toEqual([]);
  expect(await get('one', '/text')).toBe('200 old');
  if (place !== undefined) pods.set('one', place);
  await expect.poll(() => server.states(web).length, within).toBe(1);
  await expect.poll(isCurrent, within).toBe(true);
  expect(await get('one', '/')).toBe('200 0');
});

test('an Envoy comes back with the authorities and the token that it got while it ran, and serves meanwhile', async () => {
  const old = await newTrust();
  const renewed = await newTrust();
  const { server, port, snapshot, get, start, stop } = await setup({ trust: old });
  server.publish(web, snapshot);
  const one = await start('one');
  await expect.poll(() => get('one', '/text'), within).toBe('200 old');
  const answers = new Set<string>();
  const stopped = new AbortController();
  const traffic = (async () => {
    while (!stopped.signal.aborted) answers.add(await get('one', '/text'));
  })();

  await one.renew(`${old.authorities}\n${renewed.authorities}`, tokenOf('one', {}, 'renewed'));
  await stop();
  const next = await startAds({ trust: renewed, port, signature: 'renewed' });
  next.server.publish(web, { ...snapshot, routes: named(names.map((name) => routes(name, { text: 'new' }))) });
  await expect.poll(() => get('one', '/text'), { ...within, timeout: 30_000 }).toBe('200 new');
  stopped.abort();
  await traffic;
  expect([...answers].toSorted()).toEqual(['200 new', '200 old']);
});

test('an Envoy without the new authority, or with an ended token, gets nothing new, and serves what it has', async () => {
  const old = await newTrust();
  const renewed = await newTrust();
  const { server, port, snapshot, get, start, stop } = await setup({ trust: old });
  server.publish(web, snapshot);
  const [one, two] = await Promise.all([start('one'), start('two')]);
  await expect.poll(() => server.states(web).filter(({ isCurrent }) => isCurrent).length, within).toBe(2);

  await one.renew(old.authorities, tokenOf('one', {}, 'renewed'));
  const ended = tokenOf('two');
  await two.renew(renewed.authorities, ended);
  await stop();
  const next = await startAds({ trust: renewed, port, signature: 'renewed' });
  next.server.publish(web, { ...snapshot, routes: named(names.map((name) => routes(name, { text: 'new' }))) });
  await expect.poll(() => next.reviews.length, { ...within, timeout: 30_000 }).toBeGreaterThan(0);
  expect(new Set(next.reviews)).toEqual(new Set([ended]));
  expect(next.server.states(web)).toEqual([]);
  expect(await get('one', '/text')).toBe('200 old');
});
