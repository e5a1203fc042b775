// What holds a Gateway that is deleted.
import { expect, test } from 'vitest';
import { pods } from '../api/kinds.ts';
import type { Pod } from '../api/workloads.ts';
import { objectKey } from '../kube/object.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { labelsOf, objectNameOf } from './names.ts';
import { removeFleet } from './remove.ts';

const web = objectKey({ namespace: 'shop', name: 'web' });
const { signal } = new AbortController();

const podOf = (replicaSet: string, ending: Pick<Pod['metadata'], 'deletionTimestamp'> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'shop',
    name: `${replicaSet}-x`,
    labels: { ...labelsOf(web), 'pod-template-hash': '5c' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: replicaSet, uid: 'u-1', controller: true }],
    ...ending,
  },
  spec: {},
});

test('an Envoy that has not ended holds the Gateway', async () => {
  const client = new MemoryClient();
  await client.create(pods, podOf(`${objectNameOf(web)}-5c`), signal);
  expect(await removeFleet(client, web, signal)).toMatchObject({ gone: false });
});

test('an Envoy that is already ending does not hold the Gateway', async () => {
  const client = new MemoryClient();
  const ending = podOf(`${objectNameOf(web)}-5c`, { deletionTimestamp: '2026-11-28T12:00:00Z' });
  await client.create(pods, ending, signal);
  expect(await removeFleet(client, web, signal)).toMatchObject({ gone: true });
});

test("somebody's pod with the Gateway's labels does not hold it", async () => {
  const client = new MemoryClient();
  await client.create(pods, podOf('of-somebody-5c'), signal);
  expect(await removeFleet(client, web, signal)).toMatchObject({ gone: true });
});
