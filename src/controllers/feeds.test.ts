// The feed of a provider on a replica that does not lead.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gatewayClasses, gateways, httpRoutes } from '../api/kinds.ts';
import { objectKey } from '../kube/object.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { type Cluster, gatewayClass, gatewayKey, route, services, startCluster } from '../provider/testing/cluster.ts';
import { MemoryFeed } from '../provider/testing/memory-feed.ts';
import { RunningFeed } from './feeds.ts';

let cluster: Cluster;
let stop: AbortController;
let feed: MemoryFeed;

beforeEach(async () => {
  stop = new AbortController();
  cluster = await startCluster(new MemoryClient(), { controllerName: 'example.com/fed' }, stop.signal);
  feed = new MemoryFeed();
});
afterEach(() => stop.abort());

function start(name: string): { readonly running: RunningFeed; readonly ended: Promise<void> } {
  const { context, caches } = cluster;
  const running = new RunningFeed(feed.kind(name, context), { ...context, caches });
  return { running, ended: running.run(stop.signal) };
}

const cart = objectKey({ namespace: 'shop', name: 'cart' });
const behind = (port: string) => feed.published.get(gatewayKey)?.get(port);

test('a Gateway is published, and again when a route changes', async () => {
  const { ended } = start('fed');
  await expect.poll(() => behind('http/80')).toEqual([services.cart]);
  const { publications } = feed;
  const { client } = cluster;
  const { metadata } = await client.get(httpRoutes, cart, stop.signal);
  const changed = route('cart', 80, { backendRefs: [{ name: 'stock', port: 80 }] });
  await client.update(httpRoutes, { ...changed, metadata: { ...metadata, generation: 2 } }, stop.signal);
  await expect.poll(() => behind('http/80')).toEqual([services.stock]);
  expect(feed.publications).toBeGreaterThan(publications);
  stop.abort();
  await ended;
});

test('a pod that comes or goes is published without its Gateway', async () => {
  start('fed');
  await expect.poll(() => behind('http/80')).toEqual([services.cart]);
  const { publications } = feed;
  feed.endpoints.length = 0;
  await cluster.movePod('cart', '10.0.0.9');
  await expect.poll(() => feed.endpoints).toEqual([services.cart]);
  expect(feed.publications).toBe(publications);
});

test('a Gateway that is gone, or moves to the class of another provider, is withdrawn', async () => {
  start('fed');
  const { client } = cluster;
  await expect.poll(() => behind('http/80')).toBeDefined();
  const theirs = { ...gatewayClass('example.com/other'), metadata: { name: 'theirs', generation: 1 } };
  await client.create(gatewayClasses, theirs, stop.signal);
  const { spec, ...gateway } = await client.get(gateways, gatewayKey, stop.signal);
  const moved = { ...gateway, metadata: { ...gateway.metadata, generation: 2 } };
  await client.update(gateways, { ...moved, spec: { ...spec, gatewayClassName: 'theirs' } }, stop.signal);
  await expect.poll(() => feed.published.size).toBe(0);
  const back = { ...(await client.get(gateways, gatewayKey, stop.signal)), spec };
  await client.update(gateways, { ...back, metadata: { ...back.metadata, generation: 3 } }, stop.signal);
  await expect.poll(() => feed.published.size).toBe(1);
  await client.delete(gateways, gatewayKey, stop.signal);
  await expect.poll(() => feed.published.size).toBe(0);
});

test('a provider that no class and no Gateway needs does nothing, until there is one', async () => {
  const { running } = start('later');
  expect(running.isNeeded()).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(feed.context).toBeUndefined();
  const later = { ...gatewayClass('example.com/later'), metadata: { name: 'later', generation: 1 } };
  await cluster.client.create(gatewayClasses, later, stop.signal);
  await running.begun;
  expect(feed.context).toBeDefined();
});

test('what the provider itself has seen makes a Gateway due', async () => {
  start('fed');
  await expect.poll(() => behind('http/80')).toBeDefined();
  const { publications } = feed;
  feed.context?.gatewayDue(gatewayKey);
  await expect.poll(() => feed.publications).toBe(publications + 1);
});
