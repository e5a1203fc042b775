import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { hindrance } from '../provider/testing/invented.ts';
import { Unanswered } from './unanswered.ts';

const gateway = objectKey({ namespace: 'shop', name: 'web' });
const silence = hindrance('Nobody answers.', { passing: true });
const refusal = hindrance('It is refused.');

test('silence counts from the beginning of the first pass that met it, until a pass meets none', () => {
  const unanswered = new Unanswered();
  expect(unanswered.note(gateway, [refusal], 0, 10)).toBeUndefined();
  expect(unanswered.note(gateway, [refusal, silence], 1_000, 31_000)).toBe(30_000);
  expect(unanswered.note(gateway, [silence], 40_000, 61_000)).toBe(60_000);
  expect(unanswered.note(gateway, [], 70_000, 71_000)).toBeUndefined();
  expect(unanswered.note(gateway, [silence], 80_000, 81_000)).toBe(1_000);
});
