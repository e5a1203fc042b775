import { expect, test } from 'vitest';
import { modelOf } from '../envoy/model/testing/model-of.ts';
import { httpTopology, route, service } from '../gateway/testing/sample.ts';
import type { Topology } from '../gateway/topology.ts';
import { objectKey } from '../kube/object.ts';
import { Published } from './published.ts';

const web = objectKey({ namespace: 'shop', name: 'web' });

const checkedWith = (name: string): Topology => {
  const configMap = objectKey({ namespace: 'shop', name });
  const tls = {
    policy: web,
    serverName: 'app.example.com',
    names: [{ kind: 'dns', value: 'app.example.com' }],
    authorities: { kind: 'config-maps', configMaps: [configMap] },
  } as const;
  const backend = { service: service(`by-${name}`, { tls }), weight: 1, index: 0 };
  return {
    ...httpTopology([{ name: 'http' }], [route('web', [{ action: { kind: 'forward', backends: [backend] } }])]),
    authorities: { [configMap]: 'PEM' },
  };
};

test('a cluster that Envoys may still use keeps its CA certificates, because a new Envoy waits for them', () => {
  const published = new Published(() => []);
  published.publish(web, modelOf(checkedWith('old')), () => new Set());
  const next = modelOf(checkedWith('new'));
  const used = published.publish(web, next, () => new Set(['shop/by-old/80/tls']));
  expect([...used.secrets.keys()]).toEqual(['authorities:shop/old', 'authorities:shop/new']);
  const unused = published.publish(web, next, () => new Set());
  expect([...unused.secrets.keys()]).toEqual(['authorities:shop/new']);
});
