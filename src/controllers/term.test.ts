// A whole term on providers in memory: its queues, its passes, and how it ends.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gatewayClasses, gateways, listenerSets } from '../api/kinds.ts';
import { ConfigError } from '../config.ts';
import { type Clock, systemClock } from '../kube/clock.ts';
import { EventRecorder } from '../kube/events.ts';
import { objectKey } from '../kube/object.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import type { Feed } from '../provider/feed.ts';
import type { LedKind, ProviderKind } from '../provider/kind.ts';
import { type Cluster, gatewayClass, gatewayKey, services, startCluster } from '../provider/testing/cluster.ts';
import { MemoryFeed } from '../provider/testing/memory-feed.ts';
import { MemoryWorld, memoryProvider } from '../provider/testing/memory-provider.ts';
import { runTerm, type TermContext } from './term.ts';

let cluster: Cluster;
let stop: AbortController;

beforeEach(async () => {
  stop = new AbortController();
  cluster = await startCluster(new MemoryClient(), { controllerName: 'example.com/first' }, stop.signal);
});
afterEach(() => stop.abort());

const kindOf = (name: string, world: MemoryWorld): LedKind => ({
  ...memoryProvider({ world, name, context: cluster.context }),
  open: async (context) => memoryProvider({ world, name, context }),
});

const broken = (name: string): LedKind => ({
  ...kindOf(name, new MemoryWorld()),
  open: () => Promise.reject(new ConfigError(`--${name}-region is required`)),
});

/** A second takes a millisecond. */
const clock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 1000,
  sleep: (ms, signal) => systemClock.sleep(ms / 1000, signal),
};

const run = (...providers: readonly ProviderKind[]): Promise<void> => runWith(new Map(), ...providers);

function runWith(feeds: TermContext['feeds'], ...providers: readonly ProviderKind[]): Promise<void> {
  const { client, caches } = cluster;
  const context = { ...cluster.context, clock };
  const recorder = new EventRecorder({ ...context, reportingController: 'example.com', reportingInstance: 'test' });
  return runTerm({ ...context, client, caches, providers, feeds, eventsOf: () => recorder }, stop.signal);
}

const conditions = async () =>
  (await cluster.client.get(gateways, gatewayKey, stop.signal)).status?.conditions?.map(
    ({ type, status }) => `${type}=${status}`,
  );

test('a provider that can not work here keeps no other from its work', async () => {
  const world = new MemoryWorld();
  const term = run(broken('second'), kindOf('first', world));
  await expect.poll(conditions).toContain('Programmed=True');
  expect(world.gateways.get(gatewayKey)?.ports.size).toBe(2);
  stop.abort();
  await term;
});

test('a provider that can not work here says so on its own class alone, and serves as soon as it can be opened', async () => {
  const { client } = cluster;
  const theirs = { ...gatewayClass('example.com/second'), metadata: { name: 'theirs', generation: 1 } };
  await client.create(gatewayClasses, theirs, stop.signal);
  let hasRegion = false;
  const world = new MemoryWorld();
  const first = kindOf('first', world);
  const open: LedKind['open'] = (context, signal) => (hasRegion ? first : broken('first')).open(context, signal);
  const term = run({ ...first, open }, kindOf('second', new MemoryWorld()));
  const accepted = async (name: string) =>
    (await client.get(gatewayClasses, objectKey({ name }), stop.signal)).status?.conditions?.[0];
  const message = '--first-region is required.';
  await expect.poll(() => accepted('ours')).toMatchObject({ status: 'False', reason: 'Unavailable', message });
  await expect.poll(() => accepted('theirs')).toMatchObject({ status: 'True' });
  await expect.poll(conditions).toContain('Programmed=False');
  expect(world.writes).toEqual([]);
  hasRegion = true;
  await expect.poll(() => accepted('ours')).toMatchObject({ status: 'True', reason: 'Accepted' });
  await expect.poll(conditions).toContain('Programmed=True');
  expect(world.gateways.get(gatewayKey)?.ports.size).toBe(2);
  stop.abort();
  await term;
});

test('where the only provider can not work there is no term', async () => {
  await expect(run(broken('first'))).rejects.toThrow('--first-region is required');
});

test('pods that come and go change members, and a ListenerSet that its Gateway does not allow says so', async () => {
  const world = new MemoryWorld();
  const term = run(kindOf('first', world), kindOf('second', new MemoryWorld()));
  await expect.poll(conditions).toContain('Programmed=True');
  await cluster.movePod('cart', '10.0.0.9');
  await expect.poll(() => world.gateways.get(gatewayKey)?.members.get(services.cart)).toEqual(['10.0.0.9']);
  const { client } = cluster;
  const metadata = { namespace: 'shop', name: 'more', generation: 1 };
  const set = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ListenerSet', metadata } as const;
  const listeners = [{ name: 'http', port: 9090, protocol: 'HTTP' }];
  await client.create(listenerSets, { ...set, spec: { parentRef: { name: 'web' }, listeners } }, stop.signal);
  const reported = async () => (await client.get(listenerSets, objectKey(metadata), stop.signal)).status?.conditions;
  await expect.poll(reported).toMatchObject([{ type: 'Accepted', status: 'False', reason: 'NotAllowed' }, {}]);
  stop.abort();
  await term;
});

test('a provider with a feed serves as soon as its feed has begun', async () => {
  const world = new MemoryWorld();
  const kind = new MemoryFeed().kind('first', cluster.context);
  const begun = Promise.withResolvers<Feed>();
  const term = runWith(new Map([[kind, { begun: begun.promise, current: undefined }]]), kind);
  await expect.poll(conditions).toContain('Programmed=False');
  const provider = memoryProvider({ world, name: 'first', context: cluster.context });
  const { context } = cluster;
  begun.resolve({ ...(await kind.feed({ ...context, gatewayDue: () => undefined })), open: async () => provider });
  await expect.poll(conditions).toContain('Programmed=True');
  expect(world.gateways.get(gatewayKey)?.ports.size).toBe(2);
  stop.abort();
  await term;
});
