import { expect, test } from 'vitest';
import { provisioned } from './provisioned.ts';

test('a Gateway of which nothing could be made, as when no subnets are found, does not pass for served', () => {
  expect(provisioned(undefined, [])).toEqual({
    addresses: [],
    ports: new Set(),
    waiting: 'The load balancer is not made yet.',
  });
});
