// docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html,
// /ec2/latest/devguide/ec2-api-throttling.html, /acm/latest/userguide/acm-limits.html
import { expect, test } from 'vitest';
import type { Input } from './service.ts';
import { TestClock } from './testing/client.ts';
import { Throttle } from './throttle.ts';

function admitted(throttle: Throttle, name: string, action: string, input: Input = {}): number {
  for (let calls = 0; calls < 200; calls += 1) {
    if (!throttle.admits({ name }, action, input, 'us-east-1')) return calls;
  }
  return Number.POSITIVE_INFINITY;
}

test.each([
  ['elasticloadbalancing', 'DescribeRules', 40],
  ['elasticloadbalancing', 'CreateRule', 20],
  ['elasticloadbalancing', 'CreateLoadBalancer', 10],
  ['elasticloadbalancing', 'RegisterTargets', 20],
  ['elasticloadbalancing', 'DeleteTrustStore', 10],
  ['ec2', 'DescribeSubnets', 100],
  ['ec2', 'DescribeSecurityGroups', 50],
  ['ec2', 'CreateSecurityGroup', 50],
  ['ec2', 'CreateTags', 100],
  ['ec2', 'RunInstances', 5],
  ['acm', 'ListCertificates', 8],
  ['acm', 'ImportCertificate', 1],
  ['tagging', 'GetResources', 15],
  ['sts', 'GetCallerIdentity', Number.POSITIVE_INFINITY],
])('%s admits of %s %d calls at once', (name, action, calls) => {
  expect(admitted(new Throttle(new TestClock()), name, action)).toBe(calls);
});

test('a read of security groups that says which ones takes of the larger bucket', () => {
  expect(admitted(new Throttle(new TestClock()), 'ec2', 'DescribeSecurityGroups', { Filter: [{}] })).toBe(100);
});

test('all of Elastic Load Balancing together gets no more than the account has', () => {
  const throttle = new Throttle(new TestClock());
  expect(admitted(throttle, 'elasticloadbalancing', 'CreateRule')).toBe(20);
  expect(admitted(throttle, 'elasticloadbalancing', 'RegisterTargets')).toBe(20);
  expect(admitted(throttle, 'elasticloadbalancing', 'DescribeRules')).toBe(0);
});

test('actions of EC2, and regions, have buckets of their own', () => {
  const throttle = new Throttle(new TestClock());
  admitted(throttle, 'ec2', 'DescribeSubnets');
  expect(admitted(throttle, 'ec2', 'DescribeVpcs')).toBe(100);
  expect(throttle.admits({ name: 'ec2' }, 'DescribeSubnets', {}, 'eu-west-1')).toBe(true);
});

test('a bucket fills with time, and its usage shows what was too much', () => {
  const clock = new TestClock();
  const throttle = new Throttle(clock);
  expect(admitted(throttle, 'acm', 'RequestCertificate')).toBe(5);
  clock.advance(0.4);
  expect(admitted(throttle, 'acm', 'RequestCertificate')).toBe(2);
  expect(throttle.uses()).toEqual([
    expect.objectContaining({ bucket: 'RequestCertificate', calls: 9, beyond: 2, peakPerSecond: 9, leastSeconds: 0.8 }),
  ]);
  throttle.reset();
  expect(throttle.uses()).toEqual([]);
});
