import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { pattern } from './pattern.ts';

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
test('an escaped text matches itself and nothing else', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '\\', '.') });
  fc.assert(
    fc.property(text, text, (wanted, candidate) => {
      const escaped = wanted.replace(/[*?\\]/g, '\\$&');
      expect(pattern(escaped, 'any')(candidate)).toBe(wanted === candidate);
    }),
  );
});

test('wildcards match as the same regular expression does', () => {
  const value = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?') });
  const candidate = fc.string({ unit: fc.constantFrom('a', 'b') });
  fc.assert(
    fc.property(value, candidate, (wanted, text) => {
      const expression = new RegExp(`^${wanted.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      expect(pattern(wanted, 'none')(text)).toBe(expression.test(text));
    }),
  );
});

test('a pattern of many wildcards is still answered at once', () => {
  expect(pattern(`${'*a'.repeat(60)}b`, 'any')('a'.repeat(250))).toBe(false);
});

// docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
test('before anything but a wildcard a backslash of a load balancer is itself', () => {
  expect(pattern('a\\b\\*', 'wildcards')('a\\b*')).toBe(true);
});
