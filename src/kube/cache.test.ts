import { expect, test } from 'vitest';
import { Cache, stripBookkeeping } from './cache.ts';
import { objectKey } from './object.ts';
import { silentLogger } from './testing/silent-logger.ts';
import { type Widget, widget } from './testing/widgets.ts';

const byColor = { color: ({ spec }: Widget) => (spec?.color === undefined ? [] : [spec.color]) };
const newCache = () => new Cache({ indexers: byColor, logger: silentLogger });

function changesOf(cache: Cache<Widget, 'color'>): string[] {
  const changes: string[] = [];
  cache.onChange((old, current, initial) => {
    const name = (current ?? old)?.metadata.name;
    const change = old === undefined ? 'added' : current === undefined ? 'deleted' : 'updated';
    changes.push(`${change} ${name}${initial ? ' initially' : ''}`);
  });
  return changes;
}

test('an object is found by key and by index, even after its indexed value changed', () => {
  const cache = newCache();
  cache.put(widget('a', '1', 'red'));
  cache.put(widget('b', '2', 'red'));
  cache.put(widget('a', '3', 'blue'));
  expect(cache.get(objectKey({ namespace: 'demo', name: 'a' }))?.spec?.color).toBe('blue');
  expect(cache.byIndex('color', 'red').map(({ metadata }) => metadata.name)).toEqual(['b']);
  expect(cache.byIndex('color', 'blue').map(({ metadata }) => metadata.name)).toEqual(['a']);
  expect([...cache.indexed('color')]).toEqual(['red', 'blue']);
  cache.delete(objectKey({ namespace: 'demo', name: 'a' }));
  expect(cache.byIndex('color', 'blue')).toEqual([]);
  expect([...cache.indexed('color')]).toEqual(['red']);
  expect(cache.size).toBe(1);
});

test('handlers see only the differences between an old list and a new one', async () => {
  const cache = newCache();
  await cache.replace([widget('a', '1'), widget('b', '2'), widget('c', '3')], true);
  const changes = changesOf(cache);
  changes.length = 0;
  await cache.replace([widget('a', '1'), widget('b', '5'), widget('d', '4')]);
  expect(changes).toEqual(['updated b', 'added d', 'deleted c']);
});

test('a late handler sees present objects as additions, and an equal resourceVersion is no change', () => {
  const cache = newCache();
  cache.put(widget('a', '1'));
  const changes = changesOf(cache);
  cache.put(widget('a', '1'));
  cache.put(widget('a', '2'));
  expect(changes).toEqual(['added a initially', 'updated a']);
});

test('an object from the cache cannot be changed, at any depth', () => {
  const cache = newCache();
  cache.put(widget('a', '1'));
  const [object] = cache.list();
  expect(() => Object.assign(object?.spec ?? {}, { color: 'blue' })).toThrow(TypeError);
  expect(Object.isFrozen(object?.metadata)).toBe(true);
});

test('other handlers see a change even if a handler or an indexer throws', () => {
  const cache = new Cache({
    indexers: {
      bad: () => {
        throw new Error('odd object');
      },
      ...byColor,
    },
    logger: silentLogger,
  });
  const seen: string[] = [];
  cache.onChange(() => {
    throw new Error('bug');
  });
  cache.onChange((_old, current) => seen.push(current?.metadata.name ?? ''));
  cache.put(widget('a', '1'));
  expect(seen).toEqual(['a']);
  expect(cache.byIndex('color', 'red')).toHaveLength(1);
});

test('a handler is not called after it is removed', () => {
  const cache = newCache();
  let calls = 0;
  const stop = cache.onChange(() => {
    calls += 1;
  });
  cache.put(widget('a', '1'));
  stop();
  cache.put(widget('a', '2'));
  expect(calls).toBe(1);
});

test("managed fields and kubectl's copy of an object are dropped", () => {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'kept' };
  const base = widget('a', '1');
  const object = { ...base, metadata: { ...base.metadata, annotations, managedFields: [{ manager: 'kubectl' }] } };
  expect(stripBookkeeping(object).metadata).toEqual({ ...base.metadata, annotations: { mine: 'kept' } });
});
