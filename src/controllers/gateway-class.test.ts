// The pass over a GatewayClass, whoever provides its Gateways.
import { expect, test } from 'vitest';
import { gatewayClasses, gateways } from '../api/kinds.ts';
import { objectKey } from '../kube/object.ts';
import { gatewayKey } from '../provider/testing/cluster.ts';
import { eachTestOnMemory } from './testing/passes-under-test.ts';

const it = eachTestOnMemory('first', 'second');

const finalizer = 'gateway-exists-finalizer.gateway.networking.k8s.io';

test('a class says that it is accepted, and what its provider can do', async () => {
  await it.passOverClass();
  const { status } = await it.gatewayClass();
  expect(status?.conditions).toMatchObject([{ type: 'Accepted', status: 'True' }, { type: 'SupportedVersion' }]);
  expect(status?.supportedFeatures?.map(({ name }) => name)).toEqual(it.contexts[0]?.provider.supportedFeatures);
});

test('a class is held while a Gateway uses it, and no longer', async () => {
  await it.passOverClass();
  expect((await it.gatewayClass()).metadata.finalizers).toEqual([finalizer]);
  await it.remove(gateways, gatewayKey);
  await it.passOverClass();
  expect((await it.gatewayClass()).metadata.finalizers ?? []).toEqual([]);
});

test('a class of another controller is left alone', async () => {
  await it.change(gatewayClasses, objectKey({ name: 'ours' }), (gatewayClass) => ({
    ...gatewayClass,
    spec: { ...gatewayClass.spec, controllerName: 'example.com/nobody' },
  }));
  expect(await it.passOverClass()).toBeUndefined();
  expect((await it.gatewayClass()).status).toBeUndefined();
});
