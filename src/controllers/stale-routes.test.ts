// The pass over a ListenerSet that went.
import { expect, test } from 'vitest';
import type { ListenerSet } from '../api/gateway-api.ts';
import { httpRoutes, listenerSets } from '../api/kinds.ts';
import { objectKey } from '../kube/object.ts';
import { reconcileStaleRoutes } from './stale-routes.ts';
import { eachTestOnMemory } from './testing/passes-under-test.ts';

const it = eachTestOnMemory('first', 'second');

const key = objectKey({ namespace: 'shop', name: 'more' });
const set: ListenerSet = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'ListenerSet',
  metadata: { namespace: 'shop', name: 'more', generation: 1 },
  spec: { parentRef: { name: 'web' }, listeners: [{ name: 'http', port: 9090, protocol: 'HTTP' }] },
};
const parentRef = { group: 'gateway.networking.k8s.io', kind: 'ListenerSet', name: 'more' };
const by = (name: string) => ({ parentRef, controllerName: `example.com/${name}` });

/** Whose entries the route's status has, once it spoke of the ListenerSet. */
async function speakOfIt(): Promise<void> {
  await it.change(httpRoutes, objectKey({ namespace: 'shop', name: 'cart' }), (route) => ({
    ...route,
    status: { parents: [by('first'), by('second'), by('nobody')] },
  }));
}

const speakers = async () => (await it.route('cart')).status?.parents?.map(({ controllerName }) => controllerName);

const pass = () => {
  const [{ caches } = { caches: it.cluster.caches }] = it.contexts;
  return reconcileStaleRoutes(it.contexts, caches, key, it.signal);
};

test('what each provider has said of a ListenerSet that went goes, and what others have said stays', async () => {
  await speakOfIt();
  expect(await pass()).toBeUndefined();
  expect(await speakers()).toEqual(['example.com/nobody']);
});

test('what is said of a ListenerSet that is there stays', async () => {
  await it.create(listenerSets, set);
  await speakOfIt();
  await pass();
  expect(await speakers()).toHaveLength(3);
});

test('while ListenerSets were never listed none of them is taken for gone', async () => {
  await speakOfIt();
  const caches = { ...it.cluster.caches, unlisted: () => ['ListenerSet'] };
  expect(await reconcileStaleRoutes(it.contexts, caches, key, it.signal)).toEqual({ requeueAfterMs: 30_000 });
  expect(await speakers()).toHaveLength(3);
});
