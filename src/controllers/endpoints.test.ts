// The pass over a Service, whoever serves it.
import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { gatewayKey, services } from '../provider/testing/cluster.ts';
import { reconcileEndpoints } from './endpoints.ts';
import { eachTestOnMemory } from './testing/passes-under-test.ts';

const it = eachTestOnMemory('first');

test('a pod that takes the place of another changes the members of its Service, and nothing else', async () => {
  await it.pass();
  const before = it.world().writes.length;
  await it.cluster.movePod('cart', '10.0.0.9');
  await it.passOverService(services.cart);
  expect(it.world().gateways.get(gatewayKey)?.members.get(services.cart)).toEqual(['10.0.0.9']);
  expect(it.world().writes.slice(before)).toEqual(['members of shop/cart for shop/web']);
});

test('a Service that no Gateway has to do with costs nothing', async () => {
  await it.pass();
  const before = it.world().writes.length;
  await it.passOverService(objectKey({ namespace: 'shop', name: 'batch' }));
  expect(it.world().writes.length).toBe(before);
});

test('of several providers the first to come again decides when the pass does', async () => {
  const after = (requeueAfterMs?: number) => ({
    endpoints: async () => ({ found: [], behind: false, ...(requeueAfterMs !== undefined && { requeueAfterMs }) }),
  });
  expect(await reconcileEndpoints([after(), after(3000), after(1000)], services.cart)).toEqual({
    requeueAfterMs: 1000,
  });
  expect(await reconcileEndpoints([after()], services.cart)).toBeUndefined();
});
