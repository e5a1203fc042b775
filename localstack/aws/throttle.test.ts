// docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html,
// /ec2/latest/devguide/ec2-api-throttling.html, /acm/latest/userguide/acm-limits.html
import { expect, test } from 'vitest';
import { AwsError, type Service } from './service.ts';
import { TestClock } from './test-client.ts';
import { Throttle } from './throttle.ts';

const service = (name: string): Service => ({ name, protocol: 'query', namespace: '', actions: {} });

function firstRefusal(throttle: Throttle, name: string, action: string): string {
  for (let call = 1; call <= 200; call += 1) {
    try {
      throttle.take(service(name), action, 'us-east-1');
    } catch (error) {
      if (error instanceof AwsError) return `call ${call}: ${error.code} ${error.status}`;
    }
  }
  return 'never';
}

test.each([
  ['elasticloadbalancing', 'DescribeRules', 'call 41: Throttling 400'],
  ['ec2', 'DescribeSubnets', 'call 101: RequestLimitExceeded 503'],
  ['ec2', 'CreateSecurityGroup', 'call 51: RequestLimitExceeded 503'],
  ['acm', 'ListCertificates', 'call 9: ThrottlingException 400'],
  ['acm', 'ImportCertificate', 'call 2: ThrottlingException 400'],
  ['tagging', 'GetResources', 'call 16: ThrottledException 400'],
  ['sts', 'GetCallerIdentity', 'never'],
])('%s refuses too many %s at %s', (name, action, refused) => {
  expect(firstRefusal(new Throttle(new TestClock()), name, action)).toBe(refused);
});

test('reads and writes, and regions, have buckets of their own', () => {
  const throttle = new Throttle(new TestClock());
  firstRefusal(throttle, 'elasticloadbalancing', 'DescribeRules');
  throttle.take(service('elasticloadbalancing'), 'CreateRule', 'us-east-1');
  throttle.take(service('elasticloadbalancing'), 'DescribeRules', 'eu-west-1');
  expect(() => throttle.take(service('elasticloadbalancing'), 'DescribeTags', 'us-east-1')).toThrow('Rate exceeded');
});
