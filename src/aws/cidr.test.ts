import { expect, test } from 'vitest';
import { canonicalCidr, compareCidrs } from './cidr.ts';

test.each([
  ['100.68.0.18/18', '100.68.0.0/18'],
  ['203.0.113.7/32', '203.0.113.7/32'],
  ['10.1.2.3/0', '0.0.0.0/0'],
  ['2001:0DB8:0::/32', '2001:db8::/32'],
  ['2001:db8:0:0:1:0:0:1/128', '2001:db8::1:0:0:1/128'],
  ['FE80::1/0', '::/0'],
])('%s is stored by AWS as %s', (given, stored) => {
  expect(canonicalCidr(given)).toBe(stored);
  expect(canonicalCidr(stored)).toBe(stored);
});

test('IPv4 blocks come before IPv6 ones, by number and not by spelling', () => {
  const blocks = ['::/0', '100.0.0.0/8', '9.0.0.0/8', '2001:db8::/32', '9.0.0.0/16', '0.0.0.0/0'];
  expect(blocks.toSorted(compareCidrs)).toEqual([
    '0.0.0.0/0',
    '9.0.0.0/8',
    '9.0.0.0/16',
    '100.0.0.0/8',
    '::/0',
    '2001:db8::/32',
  ]);
});
