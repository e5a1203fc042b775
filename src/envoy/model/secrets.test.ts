import { expect, test } from 'vitest';
import { certificate, httpTopology } from '../../gateway/testing/sample.ts';
import { authoritiesName } from './names.ts';
import { modelOf } from './testing/model-of.ts';

const listeners = [
  { name: 'a', hostname: 'a.com' },
  { name: 'evil/set/b', hostname: 'b.com' },
];
const topology = httpTopology(listeners, [], { port: 443, tls: true });

test('each listener has its own copy of a certificate', () => {
  expect([...modelOf(topology).snapshot.secrets.keys()]).toEqual(['shop/tls a', 'shop/tls evil/set/b']);
});

test('a renewed certificate keeps its name, so the listener and its connections stay', () => {
  const before = modelOf(topology).snapshot;
  const renewed = new Map([[certificate, { chain: 'renewed', key: 'renewed' }]]);
  const after = modelOf(topology, { keyPairs: renewed }).snapshot;
  expect(after.listeners).toEqual(before.listeners);
  expect([...after.secrets.keys()]).toEqual([...before.secrets.keys()]);
  expect(after.secrets).not.toEqual(before.secrets);
});

test('no Secret of a namespace can be taken for CA certificates', () => {
  expect(authoritiesName([])).toContain(':');
});
