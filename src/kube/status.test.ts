import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeConditions, type OwnCondition } from './conditions.ts';
import { isConflict } from './kube-error.ts';
import { type Condition, objectKey } from './object.ts';
import { sameJson } from './same-json.ts';
import { writeStatus } from './status.ts';
import { MemoryClient } from './testing/memory-client.ts';
import { type Widget, widget, widgets } from './testing/widgets.ts';

const { signal } = new AbortController();
const key = objectKey({ namespace: 'demo', name: 'a' });
const addReady = (object: Widget): Widget => ({ ...object, status: { ...Object(object.status), ready: true } });
const ready = (object: Widget): Widget => ({ ...object, status: { ready: true } });

test('a status that says so already is not written again', async () => {
  const client = new MemoryClient();
  const created = await client.create(widgets, widget('a', ''), signal);
  expect(await writeStatus(client, widgets, created, ready, signal)).toBe('written');
  expect(await writeStatus(client, widgets, key, ready, signal)).toBe('unchanged');
  expect(await writeStatus(client, widgets, key, () => undefined, signal)).toBe('unchanged');
  expect(client.actions.filter((action) => action.startsWith('PATCH'))).toHaveLength(1);
});

test('a write from a stale cache is repeated on the live object, and takes nothing from others', async () => {
  const client = new MemoryClient();
  const stale = await client.create(widgets, widget('a', ''), signal);
  await client.update(widgets, { ...stale, status: { other: 'kept' } }, signal);
  expect(await writeStatus(client, widgets, stale, addReady, signal)).toBe('written');
  expect((await client.get(widgets, key, signal)).status).toEqual({ other: 'kept', ready: true });
});

test('an object that is gone needs no status', async () => {
  const client = new MemoryClient();
  expect(await writeStatus(client, widgets, widget('a', '1'), ready, signal)).toBe('gone');
  expect(await writeStatus(client, widgets, key, ready, signal)).toBe('gone');
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

const now = Date.parse('2026-05-05T05:05:05.678Z');
const own = (status: 'True' | 'False', observedGeneration = 2): OwnCondition => ({
  type: 'Ready',
  status,
  observedGeneration,
  reason: 'Because',
  message: 'it is so',
});
const stored = (status: 'True' | 'False', observedGeneration = 1, type = 'Ready'): Condition => ({
  type,
  status,
  observedGeneration,
  lastTransitionTime: '2026-01-01T00:00:00Z',
  reason: 'Old',
  message: '',
});

test('the transition time changes with the status and only then', () => {
  expect(mergeConditions([stored('True')], [own('True')], now)).toEqual([
    { ...own('True'), lastTransitionTime: '2026-01-01T00:00:00Z' },
  ]);
  expect(mergeConditions([stored('False')], [own('True')], now)).toEqual([
    { ...own('True'), lastTransitionTime: '2026-05-05T05:05:05Z' },
  ]);
});

test("others' conditions stay, in their places", () => {
  const merged = mergeConditions([stored('True', 1, 'Theirs'), stored('True')], [own('False')], now);
  expect(merged.map(({ type }) => type)).toEqual(['Theirs', 'Ready']);
  expect(merged[0]).toEqual(stored('True', 1, 'Theirs'));
});

test('what was reported for a newer generation is not overwritten by an older pass', () => {
  expect(mergeConditions([stored('True', 7)], [own('False', 6)], now)).toEqual([stored('True', 7)]);
});

test('merging the same conditions twice changes nothing the second time', () => {
  const status = fc.constantFrom('True' as const, 'False' as const);
  const generation = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(status, generation, status, generation, (old, oldGeneration, next, nextGeneration) => {
      const once = mergeConditions([stored(old, oldGeneration)], [own(next, nextGeneration)], now);
      expect(mergeConditions(once, [own(next, nextGeneration)], now + 60_000)).toEqual(once);
    }),
  );
});

test('two statuses are the same when their JSON is, whatever the order of their members', () => {
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
