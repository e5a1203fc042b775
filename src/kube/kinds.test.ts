import { expect, test } from 'vitest';
import { apiVersion, type Kind, path } from './kinds.ts';
import { objectKey, parseObjectKey } from './object.ts';
import { widgets } from './testing/widgets.ts';

const services: Kind = { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true };
const nodes: Kind = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };

test('the paths are those of the Kubernetes API', () => {
  expect(path(services)).toBe('/api/v1/services');
  expect(path(services, 'demo', 'web')).toBe('/api/v1/namespaces/demo/services/web');
  expect(path(nodes, undefined, 'one')).toBe('/api/v1/nodes/one');
  expect(path(nodes, 'demo')).toBe('/api/v1/nodes');
  expect(path(widgets, 'demo')).toBe('/apis/example.io/v1/namespaces/demo/widgets');
  expect(apiVersion(services)).toBe('v1');
  expect(apiVersion(widgets)).toBe('example.io/v1');
});

test('a name cannot break out of its path', () => {
  expect(path(services, 'demo', '../../secrets')).toBe('/api/v1/namespaces/demo/services/..%2F..%2Fsecrets');
  expect(() => path(services, undefined, 'web')).toThrow('Expected a namespace');
});

test('parsing a key returns its namespace and name', () => {
  for (const name of [{ namespace: 'demo', name: 'web' }, { name: 'node' }]) {
    expect(parseObjectKey(objectKey(name))).toEqual(name);
  }
});
