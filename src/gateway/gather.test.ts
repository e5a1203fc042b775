import { expect, test } from 'vitest';
import type { Secret } from '../api/core.ts';
import type { Gateway, GatewayClass } from '../api/gateway-api.ts';
import { objectKey } from '../kube/object.ts';
import { gather, type Sources } from './gather.ts';

const gateway: Gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    gatewayClassName: 'aws',
    listeners: [
      { name: 'a', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'one', namespace: 'certs' }] } },
      { name: 'b', port: 8443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'two' }, { name: 'missing' }] } },
    ],
  },
};
const gatewayClass: GatewayClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'aws' },
  spec: { controllerName: 'example.io/gateway-controller' },
};
const secret = (key: string): Secret => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: key } });

const asked: string[] = [];
const sources: Sources = {
  gateway: () => gateway,
  gatewayClass: () => gatewayClass,
  configuration: () => undefined,
  proxyConfiguration: () => undefined,
  listenerSetsByParent: () => [],
  routesByListenerSet: () => [],
  routesByParent: () => [],
  namespace: () => undefined,
  grantsIn: (namespace) => {
    asked.push(namespace);
    return [];
  },
  service: () => undefined,
  policiesFor: () => [],
  configMap: () => undefined,
  endpointSlicesOf: () => [],
  imported: () => undefined,
  certificateOwner: () => ({ kind: 'anyone' }),
  secret: (key) => (key === 'shop/missing' ? undefined : secret(key)),
  now: () => 42,
};
const key = objectKey({ namespace: 'shop', name: 'web' });

test('what a Gateway refers to is gathered, as far as it is there', () => {
  const input = gather(key, sources);
  expect([...(input?.secrets.keys() ?? [])]).toEqual(['certs/one', 'shop/two']);
  expect(asked).toEqual(['certs', 'shop']);
  expect(input?.now).toBe(42);
});

test('a class written for another controller name keeps that name', () => {
  expect(gather(key, sources)?.controllerName).toBe('example.io/gateway-controller');
});

test('without the Gateway, or without its class, there is nothing to translate', () => {
  expect(gather(key, { ...sources, gateway: () => undefined })).toBeUndefined();
  expect(gather(key, { ...sources, gatewayClass: () => undefined })).toBeUndefined();
});

test("the provider says which option names its own certificates, and what others' options name is not looked up", () => {
  const option = 'example.com/certificate';
  const [listener] = gateway.spec.listeners;
  const named = { ...gateway, spec: { ...gateway.spec, listeners: listener ? [withOption(listener, option)] : [] } };
  const owners = (certificateOption: string) =>
    gather(key, { ...sources, gateway: () => named, certificateOption })?.certificateOwners;
  expect([...(owners(option)?.keys() ?? [])]).toEqual(['mine', 'yours']);
  expect(owners('example.org/certificate')?.size).toBe(0);
});

const withOption = (listener: Gateway['spec']['listeners'][number], option: string) => ({
  ...listener,
  tls: { ...listener.tls, options: { [option]: 'mine, yours' } },
});
