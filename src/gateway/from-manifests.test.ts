import { expect, test } from 'vitest';
import { fromManifests } from './from-manifests.ts';

const now = 0;
const gatewayClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'aws' },
  spec: { controllerName: 'gatehouse.dev/aws' },
};
const gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'web' },
  spec: { gatewayClassName: 'aws', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
};

test('a manifest without a namespace is in default, and its defaults are filled in', () => {
  const [input] = fromManifests([gatewayClass, gateway], { now }).inputs;
  expect(input?.gateway.metadata.namespace).toBe('default');
  expect(input?.gateway.spec.listeners[0]?.allowedRoutes?.namespaces?.from).toBe('Same');
});

test('the items of a List are read as if each were a document', () => {
  const list = { apiVersion: 'v1', kind: 'List', items: [gatewayClass, gateway] };
  expect(fromManifests([list], { now }).inputs).toHaveLength(1);
});

test('a Gateway of another controller, or of a class that is not there, is passed over', () => {
  const options = { now, controllerName: 'example.com/other' };
  expect(fromManifests([gatewayClass, gateway], options).inputs).toEqual([]);
  expect(fromManifests([gateway], { now }).inputs).toEqual([]);
});

test('a document that is no Kubernetes object is reported by name and field, and the rest is read', () => {
  const broken = { ...gateway, metadata: { name: 'broken' }, spec: { gatewayClassName: 'aws', listeners: [{}] } };
  const { inputs, invalid } = fromManifests([null, 'text', { kind: 'Gateway' }, broken, gatewayClass, gateway], {
    now,
  });
  expect(inputs).toHaveLength(1);
  expect(invalid.map(({ object, field }) => [object, field])).toEqual([
    ['document', ''],
    ['document', ''],
    ['document', 'apiVersion'],
    ['Gateway broken', 'spec.listeners[0].name'],
  ]);
});

test('an EndpointSlice is found by the Service that its label names', () => {
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'a' },
    spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'api', port: 80 }] }] },
  };
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'api' }, spec: { ports: [{ port: 80 }] } };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'api-x', labels: { 'kubernetes.io/service-name': 'api' } },
    addressType: 'IPv4',
    endpoints: [],
  };
  const [input] = fromManifests([gatewayClass, gateway, route, service, slice], { now }).inputs;
  expect([...(input?.endpointSlices ?? [])].map(([key, slices]) => [key, slices.length])).toEqual([['default/api', 1]]);
});
