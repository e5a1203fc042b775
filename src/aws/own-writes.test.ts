import { expect, test } from 'vitest';
import type { Clock } from '../kube/clock.ts';
import { OwnWrites } from './own-writes.ts';

const balancer = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/1';
const listener = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1/2';

function ownWrites() {
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: async () => undefined };
  return {
    writes: new OwnWrites(clock, 60_000),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('resources made by a call, and the resources it was made of, are recent for a minute', () => {
  const { writes, pass } = ownWrites();
  writes.note('CreateListener', { LoadBalancerArn: balancer, Port: 80 }, { Listeners: [{ ListenerArn: listener }] });
  pass(59_999);
  expect([balancer, listener].map((id) => writes.isRecent(id))).toEqual([true, true]);
  expect(writes.refersToRecent('DescribeListeners', { ListenerArns: [listener] })).toBe(true);
  pass(1);
  expect([balancer, listener].map((id) => writes.isRecent(id))).toEqual([false, false]);
});

test('reading makes nothing recent, and what is not there to be deleted is gone', () => {
  const { writes } = ownWrites();
  writes.note('DescribeListeners', { LoadBalancerArn: balancer }, { Listeners: [{ ListenerArn: listener }] });
  expect(writes.isRecent(balancer)).toBe(false);
  writes.note('ModifyListener', { ListenerArn: listener, Certificates: [new Uint8Array(3)] });
  expect(writes.refersToRecent('DeleteListener', { ListenerArn: listener })).toBe(false);
  writes.note('DeleteListener', { ListenerArn: listener });
  expect(writes.isRecent(listener)).toBe(false);
});

test('a rule of a security group whose tags are deleted was written', () => {
  const { writes } = ownWrites();
  writes.note('DeleteTags', { Resources: ['sgr-1'] });
  expect(writes.isRecent('sgr-1')).toBe(true);
});
