import { expect, test } from 'vitest';
import { attributesDelta, loadBalancerDefaults } from './attribute-defaults.ts';

test('a value that AWS spells in another way has not drifted', () => {
  const desired = { 'idle_timeout.timeout_seconds': '0120', 'routing.http2.enabled': 'False' };
  const current = { 'idle_timeout.timeout_seconds': '120', 'routing.http2.enabled': 'false' };
  expect(attributesDelta(desired, current, loadBalancerDefaults(false))).toEqual({});
});

test('what differs is set, and what is no longer wanted goes back to the default', () => {
  const current = { 'idle_timeout.timeout_seconds': '120', 'routing.http2.enabled': 'false' };
  expect(attributesDelta({ 'routing.http2.enabled': 'true' }, current, loadBalancerDefaults(false))).toEqual({
    'routing.http2.enabled': 'true',
    'idle_timeout.timeout_seconds': '60',
  });
});
