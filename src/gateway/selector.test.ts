import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { selects } from './selector.ts';

const key = fc.constantFrom('a', 'b', 'constructor');
const value = fc.constantFrom('1', '2');
const labels = fc.dictionary(key, value);
const operator = fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist');
const expression = fc.record({ key, operator, values: fc.array(value) });

test('an empty selector selects every namespace, an absent one none', () => {
  expect(selects({}, undefined)).toBe(true);
  expect(selects(undefined, { a: '1' })).toBe(false);
});

test('matchLabels say the same as In with one value', () => {
  fc.assert(
    fc.property(fc.dictionary(key, value), labels, (matchLabels, on) => {
      const matchExpressions = Object.entries(matchLabels).map(([name, wanted]) => ({
        key: name,
        operator: 'In' as const,
        values: [wanted],
      }));
      expect(selects({ matchLabels }, on)).toBe(selects({ matchExpressions }, on));
    }),
  );
});

test('NotIn is the opposite of In, and DoesNotExist of Exists', () => {
  const opposites = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' } as const;
  fc.assert(
    fc.property(expression, labels, (one, on) => {
      const other = { ...one, operator: opposites[one.operator] };
      expect(selects({ matchExpressions: [one] }, on)).toBe(!selects({ matchExpressions: [other] }, on));
    }),
  );
});

test('more requirements never select more', () => {
  fc.assert(
    fc.property(fc.array(expression), expression, labels, (some, more, on) => {
      fc.pre(selects({ matchExpressions: [...some, more] }, on));
      expect(selects({ matchExpressions: some }, on)).toBe(true);
    }),
  );
});

test('a label that every JavaScript object has is no label of a namespace', () => {
  expect(selects({ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, {})).toBe(false);
});
