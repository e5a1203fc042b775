import { expect, test } from 'vitest';
import { canonicalAddress, isReserved, whereabouts } from './addresses.ts';

test.each([
  ['10.0.48.7', 'inside'],
  // A VPC may have public addresses of its owner's.
  ['198.51.100.9', 'inside'],
  ['2600:1f18:1:f00::7', 'inside'],
  ['10.0.200.1', 'outside'],
  ['10.9.1.5', 'outside'],
  ['100.127.0.1', 'outside'],
  ['172.31.0.1', 'outside'],
  ['192.168.7.7', 'outside'],
  ['2600:1f18:2:f00::7', 'outside'],
  ['8.8.8.8', 'public'],
  ['172.32.0.1', 'public'],
  ['100.128.0.1', 'public'],
  ['127.0.0.1', 'host-only'],
  ['169.254.169.254', 'host-only'],
  ['224.0.0.1', 'host-only'],
  ['0.0.0.0', 'host-only'],
  ['255.255.255.255', 'host-only'],
  ['::1', 'host-only'],
  ['fe80::1', 'host-only'],
  ['web.example.com', 'malformed'],
])('%s is %s', (address, expected) => {
  const where = whereabouts(['10.0.48.0/20', '198.51.100.0/24', '2600:1f18:1:f00::/64']);
  expect(where(address)).toBe(expected);
});

test('an IPv6 address is compared as AWS writes it', () => {
  expect(canonicalAddress('2600:1F18:0001:0f00:0:0:0:7')).toBe('2600:1f18:1:f00::7');
  expect(canonicalAddress('10.0.0.1')).toBe('10.0.0.1');
});

test.each([
  ['10.0.48.0', true],
  ['10.0.48.3', true],
  ['10.0.48.4', false],
  ['10.0.49.0', false],
  ['10.0.63.254', false],
  ['10.0.63.255', true],
  ['10.0.47.255', false],
])('AWS reserves %s of a subnet: %s', (address, expected) => {
  expect(isReserved(address, ['2600:1f18:1:f00::/64', '10.0.48.0/20'])).toBe(expected);
});
