import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeConditions, type OwnCondition } from './conditions.ts';
import type { Condition } from './object.ts';

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

test('the transition time changes only with the status', () => {
  expect(mergeConditions([stored('True')], [own('True')], now)).toEqual([
    { ...own('True'), lastTransitionTime: '2026-01-01T00:00:00Z' },
  ]);
  expect(mergeConditions([stored('False')], [own('True')], now)).toEqual([
    { ...own('True'), lastTransitionTime: '2026-05-05T05:05:05Z' },
  ]);
});

test("others' conditions stay, at their positions", () => {
  const merged = mergeConditions([stored('True', 1, 'Theirs'), stored('True')], [own('False')], now);
  expect(merged.map(({ type }) => type)).toEqual(['Theirs', 'Ready']);
  expect(merged[0]).toEqual(stored('True', 1, 'Theirs'));
});

test('a condition of a newer generation is not overwritten by an older pass', () => {
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
