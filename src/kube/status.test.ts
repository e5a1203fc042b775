import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isConflict } from './kube-error.ts';
import { objectKey } from './object.ts';
import { sameJson } from './same-json.ts';
import { writeStatus } from './status.ts';
import { MemoryClient } from './testing/memory-client.ts';
import { type Widget, widget, widgets } from './testing/widgets.ts';

const { signal } = new AbortController();
const key = objectKey({ namespace: 'demo', name: 'a' });
const addReady = (object: Widget): Widget => ({ ...object, status: { ...Object(object.status), ready: true } });
const ready = (object: Widget): Widget => ({ ...object, status: { ready: true } });

test('an unchanged status is not written again', async () => {
  const client = new MemoryClient();
  const created = await client.create(widgets, widget('a', ''), signal);
  expect(await writeStatus(client, widgets, created, ready, signal)).toBe('written');
  expect(await writeStatus(client, widgets, key, ready, signal)).toBe('unchanged');
  expect(await writeStatus(client, widgets, key, () => undefined, signal)).toBe('unchanged');
  expect(client.actions.filter((action) => action.startsWith('PATCH'))).toHaveLength(1);
});

test('a write from a stale cache is repeated on the live object, and keeps the changes of others', async () => {
  const client = new MemoryClient();
  const stale = await client.create(widgets, widget('a', ''), signal);
  await client.update(widgets, { ...stale, status: { other: 'kept' } }, signal);
  expect(await writeStatus(client, widgets, stale, addReady, signal)).toBe('written');
  expect((await client.get(widgets, key, signal)).status).toEqual({ other: 'kept', ready: true });
});

test('the status of a deleted object is not written', async () => {
  const client = new MemoryClient();
  expect(await writeStatus(client, widgets, widget('a', '1'), ready, signal)).toBe('gone');
  expect(await writeStatus(client, widgets, key, ready, signal)).toBe('gone');
});

test('the status of a deleted object is not written to a new object of the same name', async () => {
  const client = new MemoryClient();
  const first = await client.create(widgets, widget('a', ''), signal);
  await client.delete(widgets, key, signal);
  const namesake = widget('a', '');
  await client.create(widgets, { ...namesake, metadata: { ...namesake.metadata, uid: 'another' } }, signal);
  expect(await writeStatus(client, widgets, first, ready, signal)).toBe('gone');
  expect((await client.get(widgets, key, signal)).status).toBeUndefined();
});

test('a conflict that never ends is reported, not retried forever', async () => {
  const client = new MemoryClient();
  const created = await client.create(widgets, widget('a', ''), signal);
  client.intercept = async (action) => {
    if (!action.startsWith('PATCH')) return;
    client.intercept = () => undefined;
    await client.update(widgets, await client.get(widgets, key, signal), signal);
    client.intercept = interfere;
  };
  const interfere = client.intercept;
  const error = await writeStatus(client, widgets, created, ready, signal).catch((thrown: unknown) => thrown);
  expect(isConflict(error)).toBe(true);
  expect(client.actions.filter((action) => action.startsWith('PATCH'))).toHaveLength(5);
});

test('two statuses are equal if their JSON is equal, in any order of members', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => sameJson(value, JSON.parse(JSON.stringify(value)))));
  expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(sameJson({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
  for (const [left, right] of [
    [{ a: 1 }, {}],
    [
      [1, 2],
      [2, 1],
    ],
    [[], {}],
    [null, {}],
    [0, ''],
    [{ a: null }, {}],
  ]) {
    expect([left, right, sameJson(left, right)]).toEqual([left, right, false]);
  }
});

test('a member is compared even if its name is inherited by every object, such as constructor', () => {
  const strange: unknown = JSON.parse('{"__proto__":{},"a":1}');
  expect(sameJson(strange, { a: 1 })).toBe(false);
  expect(sameJson(strange, JSON.parse('{"a":1,"__proto__":{}}'))).toBe(true);
});
