import { expect, test } from 'vitest';
import { awsFinding } from './findings.ts';

const refusal = (code: string, resource = 'load-balancer/nlb-internal', detail = 'no') => {
  const action = 'elasticloadbalancing:CreateLoadBalancer';
  return awsFinding({ kind: 'quota-reached', resource, action, code, detail }).words;
};

test('a refusal for a quota says how much AWS allows, and what to do', () => {
  expect(refusal('TooManyLoadBalancers')).toBe(
    'AWS refused elasticloadbalancing:CreateLoadBalancer for load-balancer/nlb-internal: a quota is reached (TooManyLoadBalancers: no). AWS allows 50 Network Load Balancers in a Region. Raise the quota in Service Quotas, delete load balancers, or use fewer Gateways with more listeners.',
  );
  expect(refusal('TooManyLoadBalancers', 'load-balancer/internal')).toContain('50 Application Load Balancers');
  expect(refusal('TooManyTargets', 'target-group/nlb-internal/shop/db/5432/x')).toContain('counts as 50 targets');
  expect(refusal('TooManyTargets', 'target-group/internal/shop/api/80/x')).toContain('1,000 targets');
  expect(refusal('SomethingNewLimitExceeded')).toMatch(/Raise the quota, or delete what is not needed\.$/);
});

test.each([
  ['InsufficientFreeAddressesInSubnet', 'The specified subnet does not have enough free addresses.'],
  ['InvalidSubnet', 'Not enough IP space available in subnet-1. ELB requires at least 8 free IP addresses.'],
])('%s says that a subnet is full', (code, detail) => {
  expect(refusal(code, 'load-balancer/internal', detail)).toContain('a subnet has too few free IP addresses');
});

test('deletion protection that was turned on outside of Gatehouse is named, with what to do', () => {
  const refused = { resource: 'load-balancer/internal', code: 'OperationNotPermitted', detail: 'no' };
  const wordsOf = (action: string) => awsFinding({ kind: 'cloud-refused', action, ...refused }).words;
  expect(wordsOf('elasticloadbalancing:DeleteLoadBalancer')).toContain(
    'was turned on outside of Gatehouse. Turn it off',
  );
  expect(wordsOf('elasticloadbalancing:SetSubnets')).not.toContain('protection');
});
