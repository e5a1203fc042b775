import { expect, test } from 'vitest';
import { canonicalQuantity } from './quantity.ts';

test.each([
  ['0.5', '500m'],
  ['0.125', '125m'],
  ['1.0', '1'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['1000', '1k'],
  ['1024Mi', '1Gi'],
  ['1536Mi', '1536Mi'],
  ['1000k', '1M'],
  ['1048576', '1048576'],
  ['0', '0'],
  ['0Mi', '0'],
])('%s is stored as %s', (written, stored) => {
  expect(canonicalQuantity(written)).toBe(stored);
});
