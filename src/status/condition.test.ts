import { expect, test } from 'vitest';
import { isAdverse, sentences, updated } from './condition.ts';

const verdict = (type: string) => ({ type, status: 'True', reason: 'Because', message: 'It is so.' }) as const;

test('a message has each sentence once, and is cut when it is too long', () => {
  expect(sentences(['A.', 'B.', 'A.', ''])).toBe('A. B.');
  const long = sentences(Array.from({ length: 500 }, (_, index) => `Rule ${index} is off.`));
  expect(long).toHaveLength(2048);
  expect(long.endsWith(' …')).toBe(true);
});

test('a condition that exists only while True goes with its cause, and the conditions of others stay', () => {
  const before = updated([], [verdict('Accepted'), verdict('PartiallyInvalid'), verdict('example.com/Own')], 1, 0);
  const after = updated(before, [verdict('Accepted')], 2, 60_000);
  expect(after.map(({ type, observedGeneration }) => [type, observedGeneration])).toEqual([
    ['Accepted', 2],
    ['example.com/Own', 1],
  ]);
});

test.each([
  ['Accepted', 'False', true],
  ['Programmed', 'Unknown', true],
  ['Accepted', 'True', false],
  ['Conflicted', 'True', true],
  ['Conflicted', 'False', false],
  ['PartiallyInvalid', 'True', true],
] as const)('%s=%s is bad news: %s', (type, status, bad) => {
  expect(isAdverse({ type, status })).toBe(bad);
});

test('if there is no room for all conditions, our last ones are left out, and none of other controllers', () => {
  const lastTransitionTime = '2026-11-28T12:00:00Z';
  const foreign = Array.from({ length: 6 }, (_, index) => {
    return { type: `example.com/${index}`, status: 'True', reason: 'Fine', message: '', lastTransitionTime } as const;
  });
  const own = ['Accepted', 'Programmed', 'gatehouse.dev/UpToDate'].map(verdict);
  const types = updated(foreign, own, 1, 0).map(({ type }) => type);
  expect(types).toEqual([...foreign.map(({ type }) => type), 'Accepted', 'Programmed']);
});
