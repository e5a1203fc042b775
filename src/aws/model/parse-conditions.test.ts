import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { conditionValues, MAX_CONDITION_VALUES, type PathMatch, type RuleMatch, ruleConditions } from './conditions.ts';
import { parseConditions, sameConditions } from './parse-conditions.ts';
import type { RuleCondition } from './resources.ts';

const hosts = fc.uniqueArray(
  fc.constantFrom('a.com', '*.b.example.com', 'localhost', `${'x'.repeat(110)}.example.com`),
  {
    maxLength: 3,
  },
);
const paths = fc.uniqueArray(
  fc.record<PathMatch>({
    type: fc.constantFrom('exact', 'prefix', 'regex'),
    value: fc.constantFrom('/a', '/a/b', '/a.b', '/a*b', '/(x|y)', `/${'long'.repeat(30)}`),
  }),
  { maxLength: 3, selector: ({ type, value }) => `${type} ${value}` },
);
const methods = fc.subarray(['GET', 'POST']);
const others = fc.subarray<RuleCondition>([
  { field: 'http-header', name: 'x', values: ['1'] },
  { field: 'http-header', name: 'y', regexValues: ['^a$'] },
  { field: 'query-string', values: [{ key: 'q', value: 'z' }] },
]);
const match = fc.record<RuleMatch>({ hosts, paths, methods, others });

test('what became conditions is read back as a match that becomes the same conditions', () => {
  let read = 0;
  fc.assert(
    fc.property(match, (given) => {
      const conditions = ruleConditions(given);
      if (conditions === undefined || conditionValues(conditions) > MAX_CONDITION_VALUES) return;
      const parsed = parseConditions(conditions);
      expect(parsed).toBeDefined();
      expect(sameConditions(ruleConditions(parsed ?? given) ?? [], conditions)).toBe(true);
      read += 1;
    }),
    { numRuns: 500 },
  );
  expect(read).toBeGreaterThan(50);
});

test('conditions of somebody else are read as none of ours', () => {
  expect(parseConditions([{ field: 'host-header', regexValues: ['^(a|b)[.]com$'] }])).toBeUndefined();
  expect(parseConditions([{ field: 'path-pattern', values: ['/a/*'] }])).toBeUndefined();
});
