import { expect, test } from 'vitest';
import { regexRefusal } from './regex.ts';

test.each(['/[a-z]+', '\\p{Greek}', '\\p{^L}\\pN', '\\x{ff}', '\\\\p{Garay}', '\\x41'])('%s is accepted', (regex) => {
  expect(regexRefusal(regex)).toBeUndefined();
});

test.each([
  ['\\p{Garay}', 'Envoy does not know the class \\p{Garay}'],
  ['[^\\P{^Emoji}]', 'Envoy does not know the class \\P{^Emoji}'],
  ['a\\x{100}', 'Envoy compares bytes, so \\x{100} is too large'],
  ['\\x{0010FFFF}', 'Envoy compares bytes, so \\x{0010FFFF} is too large'],
])('%s is refused, because Envoy would refuse the whole route table', (regex, why) => {
  expect(regexRefusal(regex)).toBe(why);
});
