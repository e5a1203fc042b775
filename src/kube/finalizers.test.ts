import { expect, test } from 'vitest';
import { addFinalizer, removeFinalizer } from './finalizers.ts';
import { objectKey } from './object.ts';
import { MemoryClient } from './testing/memory-client.ts';
import { type Widget, widget, widgets } from './testing/widgets.ts';

const { signal } = new AbortController();
const key = objectKey({ namespace: 'demo', name: 'a' });
const withMeta = (object: Widget, metadata: Partial<Widget['metadata']>): Widget => ({
  ...object,
  metadata: { ...object.metadata, ...metadata },
});

test('our finalizer is added and removed beside those of others, even from a stale cache', async () => {
  const client = new MemoryClient();
  const stale = await client.create(widgets, widget('a', ''), signal);
  await client.update(widgets, withMeta(stale, { finalizers: ['theirs'] }), signal);
  const added = await addFinalizer(client, widgets, stale, 'ours', signal);
  expect(added?.metadata.finalizers).toEqual(['theirs', 'ours']);
  await removeFinalizer(client, widgets, added ?? stale, 'ours', signal);
  expect((await client.get(widgets, key, signal)).metadata.finalizers).toEqual(['theirs']);
});

test('a finalizer that exists already needs no call', async () => {
  const client = new MemoryClient();
  const object = withMeta(widget('a', '1'), { finalizers: ['ours'] });
  expect(await addFinalizer(client, widgets, object, 'ours', signal)).toBe(object);
  await removeFinalizer(client, widgets, object, 'absent', signal);
  expect(client.actions).toEqual([]);
});

test('an object gets no finalizer if it is being deleted, is gone, or was created anew with the same name', async () => {
  const client = new MemoryClient();
  const deleting = withMeta(widget('a', '1'), { deletionTimestamp: '2026-01-01T00:00:00Z' });
  expect(await addFinalizer(client, widgets, deleting, 'ours', signal)).toBeUndefined();
  expect(await addFinalizer(client, widgets, widget('a', '1'), 'ours', signal)).toBeUndefined();
  await client.create(widgets, withMeta(widget('a', ''), { uid: 'another' }), signal);
  expect(await addFinalizer(client, widgets, widget('a', '0'), 'ours', signal)).toBeUndefined();
  expect((await client.get(widgets, key, signal)).metadata.finalizers).toBeUndefined();
});
