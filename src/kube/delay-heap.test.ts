import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DelayHeap } from './delay-heap.ts';

test('keys come out in the order of their earliest times, each once', () => {
  const pushes = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 1000 })), { maxLength: 100 });
  fc.assert(
    fc.property(pushes, (delays) => {
      const heap = new DelayHeap<number>();
      const earliest = new Map<number, number>();
      for (const [key, at] of delays) {
        heap.push(key, at, 'high');
        earliest.set(key, Math.min(at, earliest.get(key) ?? at));
      }
      const popped: (readonly [number, number])[] = [];
      for (let next = heap.pop(); next !== undefined; next = heap.pop()) popped.push([next.key, next.at]);
      expect(new Map(popped)).toEqual(earliest);
      expect(popped).toHaveLength(earliest.size);
      expect(popped.map(([, at]) => at)).toEqual([...earliest.values()].toSorted((a, b) => a - b));
    }),
  );
});
