import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Code, ConnectError } from '@connectrpc/connect';
import { expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import type { Resource, Snapshot } from '../snapshot.ts';
import { issueServerCertificate, makeAuthority } from './issue.ts';
import { serverName, startAds, web } from './testing/ads-under-test.ts';
import { DeltaClient, type DeltaClientOptions } from './testing/delta-client.ts';
import { fakeResource } from './testing/simulated-envoy.ts';
import { tokenOf } from './testing/tokens.ts';

const named = (...resources: readonly Resource[]): ReadonlyMap<string, Resource> =>
  new Map(resources.map((each) => [each.name, each]));

const snapshot = (version: string): Snapshot => ({
  clusters: named(fakeResource('clusters', 'shop', version)),
  endpoints: named(fakeResource('endpoints', 'shop', version)),
  secrets: named(),
  listeners: named(fakeResource('listeners', 'http', version, ['http'])),
  routes: named(fakeResource('routes', 'http', version, ['shop'])),
});

type Ads = Awaited<ReturnType<typeof startAds>>;

function connect(ads: Ads, options: Partial<DeltaClientOptions> = {}): DeltaClient {
  const client = new DeltaClient({ ...ads, token: tokenOf('one'), node: 'one', ...options });
  client.request('clusters');
  return client;
}

/** How the server refused. */
const refusal = (client: DeltaClient): Promise<string> =>
  client.next().then(
    () => 'served',
    (error: unknown) => Code[ConnectError.from(error).code] ?? '',
  );

async function load(client: DeltaClient): Promise<void> {
  await client.accept('clusters');
  client.request('endpoints', { resourceNamesSubscribe: ['shop'] });
  await client.accept('endpoints');
  client.request('listeners');
  await client.accept('listeners');
  client.request('routes', { resourceNamesSubscribe: ['http'] });
  await client.accept('routes');
}

test('an Envoy gets clusters, endpoints, listeners and routes of its Gateway, and says what it has', async () => {
  const ads = await startAds();
  const client = connect(ads);
  ads.server.publish(web, snapshot('v1'));
  await load(client);
  await expect
    .poll(() => ads.server.states(web).map(({ pod, isCurrent }) => [pod, isCurrent]))
    .toEqual([['demo/one', true]]);
  expect(ads.server.states(web)[0]?.acknowledged.routes.get('http')).toBe('v1 ["shop"]');
  expect(ads.changes).toContain(web);
});

test('a change of endpoints sends these endpoints and nothing else', async () => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  const client = connect(ads);
  await load(client);
  ads.server.publishEndpoints(web, named(fakeResource('endpoints', 'shop', 'v2')));
  expect(await client.accept('endpoints')).toEqual({ shop: 'v2 []' });
  const acknowledged = () => ads.server.states(web)[0]?.acknowledged.endpoints.get('shop');
  await expect.poll(acknowledged).toBe('v2 []');
});

test('a change of endpoints is no news for the status', async () => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  const client = connect(ads);
  await load(client);
  await expect.poll(() => ads.server.states(web)[0]?.isCurrent).toBe(true);
  const before = ads.changes.length;
  ads.server.publishEndpoints(web, named(fakeResource('endpoints', 'shop', 'v2')));
  expect(ads.server.states(web)[0]?.isCurrent).toBe(true);
  await client.accept('endpoints');
  await expect.poll(() => ads.server.states(web)[0]?.acknowledged.endpoints.get('shop')).toBe('v2 []');
  expect(ads.changes).toHaveLength(before);
});

test('a rejection is reported with the words of Envoy, and other resources go on', async () => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  const client = connect(ads);
  await load(client);
  const routes = named(fakeResource('routes', 'http', 'v2'));
  ads.server.publish(web, { ...snapshot('v1'), routes });
  const { nonce } = await client.next();
  client.request('routes', { responseNonce: nonce, errorDetail: { code: 13, message: 'missing ]: [' } });
  ads.server.publishEndpoints(web, named(fakeResource('endpoints', 'shop', 'v2')));
  expect(await client.accept('endpoints')).toEqual({ shop: 'v2 []' });
  await expect
    .poll(() => ads.server.states(web)[0]?.rejected)
    .toEqual([{ kind: 'routes', name: 'http', version: 'v2 []', message: 'missing ]: [' }]);
});

test('what an Envoy rejected is sent again after a while, and its rejection stands until it is accepted', async () => {
  const clock = new FakeClock(Date.now());
  const ads = await startAds({ clock });
  ads.server.publish(web, snapshot('v1'));
  const client = connect(ads);
  await load(client);
  const listeners = named(fakeResource('listeners', 'http', 'v2', ['http']));
  ads.server.publish(web, { ...snapshot('v1'), listeners });
  const rejected = () => ads.server.states(web)[0]?.rejected.map(({ message }) => message);
  for (const waitMs of [10_000, 20_000]) {
    const { nonce } = await client.next();
    const message = `in use ${waitMs}`;
    client.request('listeners', { responseNonce: nonce, errorDetail: { code: 13, message } });
    await expect.poll(rejected).toEqual([message]);
    await clock.advance(waitMs - 1);
    expect(rejected()).toEqual([message]);
    await clock.advance(1);
  }
  expect(await client.accept('listeners')).toEqual({ http: 'v2 ["http"]' });
  await expect.poll(rejected).toEqual([]);
  expect(ads.server.states(web)[0]).toMatchObject({ isCurrent: true });
});

test('the clusters of a rejected route table stay, with their endpoints, also in an Envoy that starts later', async () => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  const client = connect(ads);
  await load(client);
  const changed = {
    ...snapshot('v1'),
    clusters: named(fakeResource('clusters', 'other', 'v1')),
    endpoints: named(fakeResource('endpoints', 'other', 'v1'), fakeResource('endpoints', 'shop', 'v2')),
    routes: named(fakeResource('routes', 'http', 'v2', ['other'])),
  };
  ads.server.publish(web, changed);
  expect(await client.accept('endpoints')).toEqual({ shop: 'v2 []' });
  await client.accept('clusters');
  client.request('endpoints', { resourceNamesSubscribe: ['other'] });
  await client.accept('endpoints');
  const { nonce } = await client.next();
  client.request('routes', { responseNonce: nonce, errorDetail: { code: 13, message: 'missing ]: [' } });
  await expect.poll(() => ads.server.states(web)[0]?.rejected).toHaveLength(1);
  expect([...ads.server.clusters(web)].toSorted()).toEqual(['other', 'shop']);

  ads.server.publish(web, { ...changed, secrets: named(fakeResource('secrets', 'tls', 'v1')) });
  const later = connect(ads, { token: tokenOf('two'), node: 'two' });
  expect(await later.accept('clusters')).toEqual({ other: 'v1 []', shop: 'v1 []' });

  ads.server.publish(web, { ...changed, routes: named(fakeResource('routes', 'http', 'v3', ['other'])) });
  expect(await client.accept('routes')).toEqual({ http: 'v3 ["other"]' });
  expect(await client.accept('clusters')).toEqual({ shop: 'removed' });
});

test('an Envoy that comes back gets only what has changed meanwhile', async () => {
  const ads = await startAds();
  ads.server.publish(web, { ...snapshot('v1'), clusters: named(fakeResource('clusters', 'shop', 'v2')) });
  const client = new DeltaClient({ ...ads, token: tokenOf('one'), node: 'one' });
  client.request('clusters', { initialResourceVersions: { shop: 'v1 []', old: 'v1 []' } });
  client.request('endpoints', { resourceNamesSubscribe: ['shop'], initialResourceVersions: { shop: 'v1 []' } });
  client.request('listeners', { initialResourceVersions: { http: 'v1 ["http"]' } });
  client.request('routes', { resourceNamesSubscribe: ['http'], initialResourceVersions: { http: 'v1 ["shop"]' } });
  expect(await client.accept('clusters')).toEqual({ shop: 'v2 []' });
  // The cluster has changed, so it needs its endpoints again.
  expect(await client.accept('endpoints')).toEqual({ shop: 'v1 []' });
  expect(await client.accept('listeners')).toEqual({});
  expect(await client.accept('clusters')).toEqual({ old: 'removed' });
  await expect.poll(() => ads.server.states(web)[0]?.isCurrent).toBe(true);
});

test('before the first snapshot of a Gateway, its Envoys wait', async () => {
  const ads = await startAds();
  const client = connect(ads);
  await expect.poll(() => ads.server.states(web)).toHaveLength(1);
  const first = client.accept('clusters');
  ads.server.publish(web, snapshot('v1'));
  expect(await first).toEqual({ shop: 'v1 []' });
});

test('a pod that is about to end loses its listeners, also after it has connected again', async () => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  const client = connect(ads);
  await load(client);
  ads.pods.set('one', { gateway: web, stage: 'draining' });
  ads.server.podsChanged();
  expect(await client.accept('listeners')).toEqual({ http: 'removed' });

  const again = connect(ads);
  await again.accept('clusters');
  again.request('endpoints', { resourceNamesSubscribe: ['shop'] });
  await again.accept('endpoints');
  again.request('listeners', { initialResourceVersions: {} });
  expect(await again.accept('listeners')).toEqual({});
});

test('the stream of a pod that is gone ends, and others go on', async () => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  const [one, two] = [connect(ads), connect(ads, { token: tokenOf('two'), node: 'two' })];
  await Promise.all([load(one), load(two)]);
  ads.pods.delete('one');
  ads.server.podsChanged();
  expect(await refusal(one)).toBe('PermissionDenied');
  ads.server.publishEndpoints(web, named(fakeResource('endpoints', 'shop', 'v2')));
  expect(await two.accept('endpoints')).toEqual({ shop: 'v2 []' });
  await expect.poll(() => ads.server.states(web).map(({ pod }) => pod)).toEqual(['demo/two']);
});

test('a Gateway without a configuration has no streams', async () => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  const client = connect(ads);
  await load(client);
  ads.server.withdraw(web);
  expect(await refusal(client)).toBe('Unavailable');
  expect(ads.server.states(web)).toEqual([]);
});

test.each<[string, Partial<DeltaClientOptions>, string]>([
  [
    'a token for another audience',
    { token: tokenOf('one', { aud: ['https://kubernetes.default.svc'] }) },
    'Unauthenticated',
  ],
  ['a token that has ended', { token: tokenOf('one', { exp: 1 }) }, 'Unauthenticated'],
  ['a token that is not bound to a pod', { token: tokenOf('one', { 'kubernetes.io': {} }) }, 'Unauthenticated'],
  ['a forged token', { token: tokenOf('one', {}, 'forged') }, 'Unauthenticated'],
  ['a token that is no token', { token: 'no-token' }, 'Unauthenticated'],
  ['the node id of another pod', { node: 'two' }, 'PermissionDenied'],
  ['no node id', { node: '' }, 'PermissionDenied'],
  ['a token of a pod that is none of ours', { token: tokenOf('stranger'), node: 'stranger' }, 'Unauthenticated'],
])('%s is refused', async (_, options, expected) => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  expect(await refusal(connect(ads, options))).toBe(expected);
});

test('a token is reviewed again after a minute', async () => {
  const clock = new FakeClock(Date.now());
  const ads = await startAds({ clock });
  ads.server.publish(web, snapshot('v1'));
  const token = tokenOf('one');
  await connect(ads, { token }).accept('clusters');
  await connect(ads, { token }).accept('clusters');
  expect(ads.reviews).toHaveLength(1);
  await clock.advance(60_000);
  await connect(ads, { token }).accept('clusters');
  expect(ads.reviews).toHaveLength(2);
});

test('a good answer is not used after the end of its token', async () => {
  const clock = new FakeClock(Date.now());
  const ads = await startAds({ clock });
  ads.server.publish(web, snapshot('v1'));
  const token = tokenOf('one', { exp: Math.floor(clock.now() / 1000) + 30 });
  await connect(ads, { token }).accept('clusters');
  await clock.advance(30_000);
  expect(await refusal(connect(ads, { token }))).toBe('Unauthenticated');
});

test('new connections get a renewed certificate, and old ones go on', async () => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  const old = connect(ads);
  await load(old);
  const validity = { from: Date.now() - 1_000, until: Date.now() + 60_000 };
  const authority = await makeAuthority('renewed', validity);
  ads.server.useCertificate(await issueServerCertificate(authority, serverName, validity));
  await load(connect(ads, { authorities: authority.certificate, token: tokenOf('two'), node: 'two' }));
  ads.server.publishEndpoints(web, named(fakeResource('endpoints', 'shop', 'v2')));
  expect(await old.accept('endpoints')).toEqual({ shop: 'v2 []' });
});

test('a client that does not trust the authority does not connect', async () => {
  const [ads, other] = [await startAds(), await startAds()];
  await expect(connect(ads, { authorities: other.authorities }).next()).rejects.toThrow('certificate');
});

/** Resolves when the server has ended the connection. */
const stranger = async (port: number): Promise<string> => {
  const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'close');
  return 'ended';
};

test('a connection without a good token ends, and that of an Envoy does not', async () => {
  const ads = await startAds({ proofMs: 300 });
  ads.server.publish(web, snapshot('v1'));
  const client = connect(ads);
  await load(client);
  expect(await stranger(ads.port)).toBe('ended');
  await sleep(400);
  ads.server.publishEndpoints(web, named(fakeResource('endpoints', 'shop', 'v2')));
  expect(await client.accept('endpoints')).toEqual({ shop: 'v2 []' });
});

test('an address has few connections without a good token', async () => {
  const ads = await startAds();
  let ended = 0;
  for (let count = 0; count < 60; count += 1) void stranger(ads.port).then(() => (ended += 1));
  await expect.poll(() => ended).toBe(10);
});

test('a stream without a request ends', async () => {
  const clock = new FakeClock(Date.now());
  const ads = await startAds({ clock });
  const client = new DeltaClient({ ...ads, token: tokenOf('one'), node: 'one' });
  const refused = refusal(client);
  await expect.poll(() => ads.reviews).toHaveLength(1);
  await sleep(50);
  await clock.advance(10_000);
  expect(await refused).toBe('DeadlineExceeded');
});

test('a stream ends if it asks for names without end', async () => {
  const ads = await startAds();
  ads.server.publish(web, snapshot('v1'));
  const client = connect(ads);
  await client.accept('clusters');
  const names = (first: number) => Array.from({ length: 9_000 }, (_, index) => `${first + index}`.padEnd(1_000, 'x'));
  client.request('endpoints', { resourceNamesSubscribe: names(10_000) });
  client.request('secrets', { resourceNamesSubscribe: names(20_000) });
  const ended = async (): Promise<string> => {
    for (;;) {
      const found = await refusal(client);
      if (found !== 'served') return found;
    }
  };
  expect(await ended()).toBe('ResourceExhausted');
});

test('the service stops, also while a client keeps a stream open without a request', async () => {
  const ads = await startAds();
  const client = new DeltaClient({ ...ads, token: tokenOf('one'), node: 'one' });
  const refused = refusal(client);
  await expect.poll(() => ads.reviews).toHaveLength(1);
  await ads.server.close();
  expect(await refused).not.toBe('served');
});

test('the service stops, also while a client neither answers nor closes its connection', async () => {
  const ads = await startAds();
  const socket = connectTls({
    port: ads.port,
    host: '127.0.0.1',
    ca: ads.authorities,
    servername: serverName,
    ALPNProtocols: ['h2'],
  });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), emptySettings]));
  await once(socket, 'data');
  socket.pause();
  await expect(ads.server.close()).resolves.toBeUndefined();
});
