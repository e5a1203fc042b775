import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignPriorities, longestIncreasing } from './priorities.ts';

const priority = fc.integer({ min: 1, max: 50_000 });
const some = (from: fc.Arbitrary<number>) => fc.uniqueArray(from, { maxLength: 30 });

test('priorities rise in the order of precedence, stay within what AWS allows, and never clash', () => {
  const crowded = fc.integer({ min: 1, max: 40 });
  const highest = fc.integer({ min: 49_960, max: 50_000 });
  fc.assert(
    fc.property(
      fc.oneof(some(priority), some(crowded), some(highest)),
      fc.array(fc.nat(), { maxLength: 30 }),
      fc.array(fc.nat(30), { maxLength: 20 }),
      (numbers, order, fresh) => {
        const others = numbers.filter((_, index) => index % 3 === 0);
        const kept = numbers.filter((_, index) => index % 3 !== 0);
        const shuffled = kept
          .map((value, index) => ({ value, key: order[index] ?? 0 }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ value }): number | undefined => value);
        for (const index of fresh) shuffled.splice(index, 0, undefined);
        const result = assignPriorities(shuffled, others);
        const all = [...result.wanted, ...result.others];
        expect(result.wanted).toEqual(result.wanted.toSorted((a, b) => a - b));
        expect(new Set(all).size).toBe(shuffled.length + others.length);
        expect(all.every((each) => Number.isInteger(each) && each >= 1 && each <= 50_000)).toBe(true);
      },
    ),
  );
});

test('rules that keep their order keep their numbers, as long as there is a number between them', () => {
  expect(assignPriorities([100, undefined, 102, 300], [])).toEqual({ wanted: [100, 101, 102, 300], others: [] });
  expect(assignPriorities([100, undefined, 101, 300], [250])).toEqual({ wanted: [100, 200, 300, 500], others: [400] });
});

test('routes that arrive in three passes keep the numbers of their rules', () => {
  const fresh = (count: number) => Array.from({ length: count }, () => undefined);
  // The rules from index 2 on have shorter hostnames. So all rules that arrive later come before them, the oldest first.
  const first = assignPriorities(fresh(12), []).wanted;
  const second = assignPriorities([...first.slice(0, 2), ...fresh(28), ...first.slice(2)], []).wanted;
  expect(second.toSpliced(2, 28)).toEqual(first);
  const third = assignPriorities([...second.slice(0, 30), ...fresh(50), ...second.slice(30)], []).wanted;
  expect(third.toSpliced(30, 50)).toEqual(second);
});

test('the fewest rules move', () => {
  expect([...longestIncreasing([5, 1, 2, undefined, 3, 4])]).toEqual([1, 2, 4, 5]);
});
