// The pass over a Gateway, whoever provides it.
import { expect, test } from 'vitest';
import type { Gateway } from '../api/gateway-api.ts';
import { gatewayClasses, gateways, httpRoutes } from '../api/kinds.ts';
import { ConfigError } from '../config.ts';
import { objectKey } from '../kube/object.ts';
import { gatewayClass, gatewayKey, services } from '../provider/testing/cluster.ts';
import { openOrUnavailable } from '../provider/unavailable.ts';
import { reconcileGateway } from './gateway.ts';
import { eachTestOnMemory } from './testing/passes-under-test.ts';

const it = eachTestOnMemory('first', 'second');

const conditionsOf = ({ status }: Gateway) =>
  Object.fromEntries((status?.conditions ?? []).map(({ type, status: is, reason }) => [type, `${is} ${reason}`]));

const deleted = (gateway: Gateway): Gateway => ({
  ...gateway,
  metadata: { ...gateway.metadata, deletionTimestamp: '2026-11-28T12:00:00Z' },
});

/** Moves the Gateway to a class of the second provider. */
async function move(): Promise<void> {
  await it.create(gatewayClasses, {
    ...gatewayClass('example.com/second'),
    metadata: { name: 'other', generation: 1 },
  });
  await it.change(gateways, gatewayKey, (gateway) => ({
    ...gateway,
    metadata: { ...gateway.metadata, generation: 2 },
    spec: { ...gateway.spec, gatewayClassName: 'other' },
  }));
}

test('what a Gateway asks for is made, and its status and its routes say so', async () => {
  await it.pass();
  expect(it.world().gateways.get(gatewayKey)?.ports).toEqual(
    new Map([
      ['http/80', [services.cart]],
      ['http/8080', [services.stock]],
    ]),
  );
  const gateway = await it.gateway();
  expect(gateway.metadata.finalizers).toEqual(['example.com/first']);
  expect(gateway.status?.addresses).toEqual([{ type: 'Hostname', value: 'shop.web.example.com' }]);
  expect(conditionsOf(gateway)).toMatchObject({ Accepted: 'True Accepted', Programmed: 'True Programmed' });
  expect((await it.route('cart')).status?.parents).toMatchObject([{ controllerName: 'example.com/first' }]);
});

test('the finalizer is written before anything is made', async () => {
  it.cluster.client.intercept = (action) => {
    if (action.startsWith('PATCH gateways')) throw new Error('a webhook says no');
  };
  await expect(it.pass()).rejects.toThrow('a webhook says no');
  expect(it.world().writes).toEqual([]);
});

test('what is being provisioned is looked at again soon, and what is complete only when something changes', async () => {
  it.world().isProvisioned = false;
  expect(await it.pass()).toEqual({ requeueAfterMs: 3000 });
  const provisioning = conditionsOf(await it.gateway());
  expect(provisioning).toMatchObject({ Programmed: 'False Pending' });
  expect(provisioning).not.toHaveProperty(['gatehouse.dev/UpToDate']);
  it.world().isProvisioned = true;
  expect(await it.pass()).toEqual({});
});

test('what only a change in the cluster can complete is not looked at again before', async () => {
  it.world().isProvisioned = false;
  it.world().needsChange = true;
  expect(await it.pass()).toEqual({});
});

test('a refused port has its own condition, is tried again, and other ports serve', async () => {
  it.world().refuses = 'port http/80 ';
  expect(await it.pass()).toMatchObject({
    unfinished: expect.stringContaining('port http/80 of shop/web was refused'),
  });
  const { status } = await it.gateway();
  const programmed = status?.listeners?.map(({ name, conditions }) => [
    name,
    conditions.find(({ type }) => type === 'Programmed')?.status,
  ]);
  expect(programmed).toEqual([
    ['http-80', 'False'],
    ['http-8080', 'True'],
  ]);
  await it.pass();
  expect(conditionsOf(await it.gateway())).toMatchObject({ Programmed: 'True Programmed' });
});

test('a second pass writes nothing, to the provider or to the cluster', async () => {
  await it.pass();
  const { actions } = it.cluster.client;
  const before = [it.world().writes.length, actions.length];
  await it.pass();
  expect([it.world().writes.length, actions.length]).toEqual(before);
});

test('a Gateway whose class is missing stays as it is', async () => {
  await it.pass();
  const before = it.world().writes.length;
  await it.remove(gatewayClasses, objectKey({ name: 'ours' }));
  await it.remove(httpRoutes, objectKey({ namespace: 'shop', name: 'cart' }));
  expect(await it.pass()).toBeUndefined();
  expect(it.world().writes.length).toBe(before);
});

test('the Events about a Gateway come from its provider', async () => {
  await it.pass();
  expect(it.events.length).toBeGreaterThan(0);
  expect(new Set(it.events.map(({ by }) => by))).toEqual(new Set(['first']));
});

test("a Gateway that moves to another provider's class is removed by the old one first", async () => {
  await it.pass();
  await move();
  it.world().refuses = 'no port';
  await expect(it.pass()).rejects.toThrow('was refused');
  expect(it.world(1).writes).toEqual([]);
  await it.pass();
  expect(it.world().gateways.size).toBe(0);
  expect((await it.gateway()).metadata.finalizers ?? []).toEqual([]);
  expect((await it.route('cart')).status?.parents).toEqual([]);
  expect(it.world(1).writes).toEqual([]);

  await it.pass();
  expect(it.world(1).gateways.get(gatewayKey)?.ports.size).toBe(2);
  const gateway = await it.gateway();
  expect(gateway.metadata.finalizers).toEqual(['example.com/second']);
  expect(conditionsOf(gateway)).toMatchObject({ Programmed: 'True Programmed' });
  expect((await it.route('cart')).status?.parents).toMatchObject([{ controllerName: 'example.com/second' }]);
});

test('a Gateway whose provider can not work here says so, and nothing of it changes', async () => {
  const [context] = it.contexts;
  if (context === undefined) throw new Error('Expected a provider');
  const open = () => Promise.reject(new ConfigError('--aws-region is required'));
  const kind = { ...context.provider, open };
  const provider = await openOrUnavailable(kind, it.cluster.context, it.signal, () => undefined);
  const result = await reconcileGateway([{ ...context, provider }], gatewayKey, it.signal);
  expect(result).toMatchObject({ unfinished: expect.stringContaining('--aws-region is required.') });
  const programmed = (await it.gateway()).status?.conditions?.find(({ type }) => type === 'Programmed');
  expect(programmed).toMatchObject({
    status: 'False',
    reason: 'Pending',
    message: expect.stringContaining('--aws-region'),
  });
  await it.change(gateways, gatewayKey, deleted);
  await reconcileGateway([{ ...context, provider }], gatewayKey, it.signal);
  expect((await it.gateway()).metadata.finalizers).toEqual(['example.com/first']);
});

test('a fault of a provider that is opened is no reason to go on without it', async () => {
  const [context] = it.contexts;
  if (context === undefined) throw new Error('Expected a provider');
  const open = () => Promise.reject(new Error('a bug'));
  const kind = { ...context.provider, open };
  const opening = openOrUnavailable(kind, it.cluster.context, it.signal, () => undefined);
  await expect(opening).rejects.toThrow('a bug');
});

test('a Gateway that is deleted goes when its provider has nothing of it any more, and not before', async () => {
  await it.pass();
  await it.change(gateways, gatewayKey, deleted);
  it.world().refuses = 'no address';
  await expect(it.pass()).rejects.toThrow('was refused');
  expect((await it.gateway()).metadata.finalizers).toEqual(['example.com/first']);
  await it.pass();
  expect(it.world().gateways.size).toBe(0);
  expect((await it.gateway()).metadata.finalizers ?? []).toEqual([]);
  expect((await it.route('cart')).status?.parents).toEqual([]);
});

test('a Gateway that is deleted before it had a finalizer costs nothing', async () => {
  await it.change(gateways, gatewayKey, deleted);
  expect(await it.pass()).toBeUndefined();
  expect(it.world().writes).toEqual([]);
});
