import { expect, test } from 'vitest';
import { configMaps } from '../../api/kinds.ts';
import { objectKey } from '../../kube/object.ts';
import { MemoryClient, refusal } from '../../kube/testing/memory-client.ts';
import { membershipStore } from './membership-store.ts';

const { signal } = new AbortController();
const key = objectKey({ namespace: 'gatehouse-system', name: 'gatehouse-targets' });

const start = () => {
  const client = new MemoryClient();
  return { client, store: membershipStore(client, 'gatehouse-system', signal) };
};

test('what was saved is there after a restart, and what is gone from it is gone', async () => {
  const { client, store } = start();
  expect(await store.load()).toEqual({});
  await store.save({ a: '1', b: '2' });
  await store.save({ b: '3' });
  expect(await membershipStore(client, 'gatehouse-system', signal).load()).toEqual({ b: '3' });
});

test('the labels that someone has put on the object stay', async () => {
  const { client, store } = start();
  const metadata = { namespace: 'gatehouse-system', name: 'gatehouse-targets', labels: { team: 'platform' } };
  await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } }, signal);
  await store.save({ b: '2' });
  expect(await client.get(configMaps, key, signal)).toMatchObject({ metadata, data: { b: '2' } });
});

test('one that is made at the same moment by another is no error, and one that may not be read is', async () => {
  const { client, store } = start();
  client.intercept = (action) => {
    if (action.startsWith('POST')) throw refusal(409, 'AlreadyExists');
  };
  await expect(store.save({ a: '1' })).resolves.toBeUndefined();
  client.intercept = () => {
    throw refusal(403, 'Forbidden');
  };
  await expect(store.load()).rejects.toThrow('refused by the test');
  await expect(store.save({ a: '1' })).rejects.toThrow('refused by the test');
});
