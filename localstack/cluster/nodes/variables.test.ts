import { expect, test } from 'vitest';
import type { Container, EnvVar, Pod } from './objects.ts';
import { environmentOf, expand, fieldOf, MissingError, type Sources } from './variables.ts';

const pod: Pod = {
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '1',
    labels: { app: 'web', 'example.com/tier': 'front' },
  },
  spec: { containers: [], nodeName: 'node-2', serviceAccountName: 'seller' },
};
const place = { podAddresses: ['10.0.63.130'], hostAddress: '10.0.48.4' };

const sources: Sources = {
  configMap: async (name) => (name === 'settings' ? new Map([['mode', Buffer.from('fast')]]) : undefined),
  secret: async (name) => (name === 'login' ? new Map([['password', Buffer.from('hunter2')]]) : undefined),
};

const variables = (container: Partial<Container>) =>
  environmentOf(pod, { name: 'web', image: 'echo', ...container }, place, sources);

const fromField = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });

test('a container learns of its pod by the downward API', async () => {
  expect(
    await variables({
      env: [
        fromField('POD', 'metadata.name'),
        fromField('NODE', 'spec.nodeName'),
        fromField('IP', 'status.podIP'),
        fromField('TIER', "metadata.labels['example.com/tier']"),
      ],
    }),
  ).toEqual({ POD: 'web-1', NODE: 'node-2', IP: '10.0.63.130', TIER: 'front' });
  expect(fieldOf(pod, 'metadata.labels', place)).toBe('app="web"\nexample.com/tier="front"');
});

test('a container gets what its ConfigMaps and Secrets say, and later values may use earlier ones', async () => {
  const secretKeyRef = { name: 'login', key: 'password' };
  expect(
    await variables({
      envFrom: [{ prefix: 'SETTING_', configMapRef: { name: 'settings' } }],
      env: [
        { name: 'PASSWORD', valueFrom: { secretKeyRef } },
        { name: 'URL', value: 'db://$(PASSWORD)@host?mode=$(SETTING_mode)' },
      ],
    }),
  ).toEqual({ SETTING_mode: 'fast', PASSWORD: 'hunter2', URL: 'db://hunter2@host?mode=fast' });
});

test('a container waits for a ConfigMap or key that is missing, unless it is optional', async () => {
  const env = (key: string, optional: boolean): readonly EnvVar[] => [
    { name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key, optional } } },
  ];
  await expect(variables({ env: env('nothing', false) })).rejects.toThrow(MissingError);
  expect(await variables({ env: env('nothing', true) })).toEqual({});
  await expect(variables({ envFrom: [{ secretRef: { name: 'gone' } }] })).rejects.toThrow('Secret "gone" not found');
});

test('a reference to no variable stays as it is, and $$ is a dollar sign', () => {
  expect(expand('$(A) $(B) $$(A)', { A: '1' })).toBe('1 $(B) $(A)');
});
