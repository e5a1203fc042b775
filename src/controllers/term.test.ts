// A whole term on providers in memory: its queues, its passes, and how it ends.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gateways, listenerSets } from '../api/kinds.ts';
import { ConfigError } from '../config.ts';
import { EventRecorder } from '../kube/events.ts';
import { objectKey } from '../kube/object.ts';
import type { ProviderKind } from '../provider/context.ts';
import { type Cluster, gatewayKey, services, startCluster } from '../provider/testing/cluster.ts';
import { MemoryWorld, memoryProvider } from '../provider/testing/memory-provider.ts';
import { runTerm } from './term.ts';

let cluster: Cluster;
let stop: AbortController;

beforeEach(async () => {
  stop = new AbortController();
  cluster = await startCluster({ controllerName: 'example.com/first' }, stop.signal);
});
afterEach(() => stop.abort());

const kindOf = (name: string, world: MemoryWorld): ProviderKind => ({
  ...memoryProvider({ world, name, context: cluster.context }),
  open: async (context) => memoryProvider({ world, name, context }),
});

const broken = (name: string): ProviderKind => ({
  ...kindOf(name, new MemoryWorld()),
  open: () => Promise.reject(new ConfigError(`--${name}-region is required`)),
});

function run(...providers: readonly ProviderKind[]): Promise<void> {
  const { client, caches, context } = cluster;
  const recorder = new EventRecorder({ ...context, reportingController: 'example.com', reportingInstance: 'test' });
  return runTerm({ ...context, client, caches, providers, eventsOf: () => recorder }, stop.signal);
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
