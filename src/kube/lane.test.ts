import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lane } from './lane.ts';

const taken = (lane: Lane<string>, count: number) => Array.from({ length: count }, () => lane.shift());

test('groups take turns, however many keys each has', () => {
  const lane = new Lane<string>((key) => key.slice(0, 1));
  for (const key of ['a1', 'a2', 'a3', 'b1', 'c1']) lane.add(key);
  expect(taken(lane, 3)).toEqual(['a1', 'b1', 'c1']);
  lane.add('d1');
  expect(taken(lane, 4)).toEqual(['a2', 'd1', 'a3', undefined]);
});

test('every key comes out once, in the order of its group, and a group waits for at most one turn of each other group', () => {
  const keys = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(99)), {
    selector: (key) => key.join(''),
  });
  fc.assert(
    fc.property(keys, (all) => {
      const lane = new Lane<readonly [string, number]>(([group]) => group);
      for (const key of all) lane.add(key);
      expect(lane.size).toBe(all.length);
      const out = Array.from({ length: all.length }, () => lane.shift()).flatMap((key) => (key ? [key] : []));
      for (const group of ['a', 'b', 'c']) {
        expect(out.filter(([of]) => of === group)).toEqual(all.filter(([of]) => of === group));
        const turns = out.flatMap(([of], turn) => (of === group ? [turn] : []));
        for (const [index, turn] of turns.entries()) expect(turn - (turns[index - 1] ?? -1)).toBeLessThanOrEqual(3);
      }
      expect(lane.shift()).toBeUndefined();
    }),
  );
});
