// The policy's decisions, call by call. This evaluates only those parts of IAM that the policy uses.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
import { expect, test } from 'vitest';
import { iamPolicy } from './iam-policy.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** One resource that AWS checks for a call, with the call's context keys. */
interface Asked {
  readonly action: string;
  /** Below `arn:aws:SERVICE:eu-central-1:123456789012:`. */
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

const like = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`).test(text);

function holds(operator: string, wanted: readonly string[], actual: readonly string[]): boolean {
  switch (operator) {
    case 'StringEquals':
      return actual.some((value) => wanted.includes(value));
    case 'StringEqualsIfExists':
      return actual.length === 0 || actual.some((value) => wanted.includes(value));
    case 'ForAllValues:StringNotEquals':
      return actual.every((value) => !wanted.includes(value));
    case 'Null':
      return wanted.includes(String(actual.length === 0));
    default:
      throw new Error(`Expected an operator that this test knows, got ${operator}`);
  }
}

function allows({ action, resource, context = {} }: Asked): boolean {
  const policy = iamPolicy({ clusterName: 'shop', partition: 'aws', region: 'eu-central-1', account: '123456789012' });
  if (policy.kind === 'invalid') throw new Error(policy.detail);
  const arn = `arn:aws:${action.slice(0, action.indexOf(':'))}:eu-central-1:123456789012:${resource}`;
  return policy.document.Statement.some(
    ({ Action, Resource, Condition = {} }: Statement) =>
      list(Action).some((pattern) => like(pattern, action)) &&
      list(Resource).some((pattern) => like(pattern, arn)) &&
      Object.entries(Condition).every(([operator, keys]) =>
        Object.entries(keys).every(([key, wanted]) => holds(operator, list(wanted), list(context[key]))),
      ),
  );
}

const request = (cluster: string) => ({ 'aws:RequestTag/gatehouse.dev/cluster': cluster });
const tagged = (cluster: string) => ({ 'aws:ResourceTag/gatehouse.dev/cluster': cluster });

const loadBalancer = 'loadbalancer/app/gh-shop/50dc6c495c0c9188';
const networkLoadBalancer = 'loadbalancer/net/gh-shop/50dc6c495c0c9188';
const listener = 'listener/app/gh-shop/50dc6c495c0c9188/f2f7dc8efc522ab2';
const rule = 'listener-rule/app/gh-shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee';
const targetGroup = 'targetgroup/gh-shop/73e2d6bc24d8a067';
const elb = 'elasticloadbalancing';

/** The controller's calls on its own resources. */
const onOwn: readonly Asked[] = [
  { action: `${elb}:ModifyLoadBalancerAttributes`, resource: loadBalancer },
  { action: `${elb}:DeleteLoadBalancer`, resource: loadBalancer },
  { action: `${elb}:SetSubnets`, resource: loadBalancer },
  { action: `${elb}:ModifyListener`, resource: listener },
  { action: `${elb}:AddListenerCertificates`, resource: listener },
  { action: `${elb}:SetRulePriorities`, resource: rule },
  { action: `${elb}:ModifyRule`, resource: rule },
  { action: `${elb}:RegisterTargets`, resource: targetGroup },
  { action: `${elb}:DeleteTargetGroup`, resource: targetGroup },
  { action: `${elb}:AddTags`, resource: rule },
  { action: `${elb}:RemoveTags`, resource: listener },
  { action: 'ec2:DeleteSecurityGroup', resource: 'security-group/sg-1' },
  { action: 'ec2:RevokeSecurityGroupIngress', resource: 'security-group/sg-1' },
  { action: 'ec2:CreateTags', resource: 'security-group/sg-1' },
  { action: 'acm:ImportCertificate', resource: 'certificate/1' },
  { action: 'acm:DeleteCertificate', resource: 'certificate/1' },
];

test.each(onOwn)('$action is allowed only on resources with this cluster’s tag', (asked) => {
  expect(allows({ ...asked, context: tagged('shop') })).toBe(true);
  expect(allows({ ...asked, context: tagged('other') })).toBe(false);
  expect(allows(asked)).toBe(false);
});

test.each<Asked>([
  { action: `${elb}:CreateLoadBalancer`, resource: loadBalancer },
  { action: `${elb}:CreateTargetGroup`, resource: targetGroup },
  { action: 'ec2:CreateSecurityGroup', resource: 'security-group/*' },
  { action: 'acm:ImportCertificate', resource: 'certificate/*' },
])('$action creates nothing without this cluster’s tag', (asked) => {
  expect(allows({ ...asked, context: request('shop') })).toBe(true);
  expect(allows({ ...asked, context: request('other') })).toBe(false);
  expect(allows(asked)).toBe(false);
});

test.each<Asked>([
  { action: `${elb}:CreateListener`, resource: loadBalancer },
  { action: `${elb}:CreateRule`, resource: listener },
])('$action is allowed only in this cluster’s resources', (asked) => {
  expect(allows({ ...asked, context: { ...request('shop'), ...tagged('shop') } })).toBe(true);
  expect(allows({ ...asked, context: { ...request('shop'), ...tagged('other') } })).toBe(false);
  expect(allows({ ...asked, context: tagged('shop') })).toBe(false);
});

test.each([
  ['CreateLoadBalancer', loadBalancer],
  ['CreateTargetGroup', targetGroup],
  ['CreateListener', listener],
  ['CreateRule', rule],
])('tags are allowed as part of %s', (created, resource) => {
  const during = { [`${elb}:CreateAction`]: created };
  expect(allows({ action: `${elb}:AddTags`, resource, context: { ...request('shop'), ...during } })).toBe(true);
  expect(allows({ action: `${elb}:AddTags`, resource, context: request('shop') })).toBe(false);
});

test('the ownership tag can’t be put on others’ resources, and can’t be removed from ours', () => {
  const addTags = { action: `${elb}:AddTags`, resource: loadBalancer };
  expect(allows({ ...addTags, context: request('shop') })).toBe(false);
  expect(allows({ ...addTags, context: { ...tagged('shop'), ...request('other') } })).toBe(false);
  const removeTags = { action: `${elb}:RemoveTags`, resource: loadBalancer };
  expect(allows({ ...removeTags, context: { ...tagged('shop'), 'aws:TagKeys': ['team'] } })).toBe(true);
  const ownership = ['team', 'gatehouse.dev/cluster'];
  expect(allows({ ...removeTags, context: { ...tagged('shop'), 'aws:TagKeys': ownership } })).toBe(false);
});

test('a certificate gets this cluster’s tag at its import, but another cluster’s certificate does not', () => {
  const addTags = { action: 'acm:AddTagsToCertificate', resource: 'certificate/1' };
  expect(allows({ ...addTags, context: request('shop') })).toBe(true);
  expect(allows({ ...addTags, context: request('other') })).toBe(false);
  expect(allows({ ...addTags, context: { ...request('shop'), ...tagged('other') } })).toBe(false);
});

test('the nodes’ security group takes ingress rules, and nothing else', () => {
  const context = { 'aws:ResourceTag/kubernetes.io/cluster/shop': 'owned' };
  const other = { 'aws:ResourceTag/kubernetes.io/cluster/other': 'owned' };
  const resource = 'security-group/sg-nodes';
  expect(allows({ action: 'ec2:AuthorizeSecurityGroupIngress', resource, context })).toBe(true);
  expect(allows({ action: 'ec2:RevokeSecurityGroupIngress', resource, context })).toBe(true);
  expect(allows({ action: 'ec2:AuthorizeSecurityGroupIngress', resource, context: other })).toBe(false);
  expect(allows({ action: 'ec2:DeleteSecurityGroup', resource, context })).toBe(false);
  expect(allows({ action: 'ec2:CreateTags', resource, context })).toBe(false);
});

test('rules in the nodes’ security group get our tag, and others’ rules can’t be revoked', () => {
  const resource = 'security-group-rule/sgr-1';
  const created = { 'ec2:CreateAction': 'AuthorizeSecurityGroupIngress' };
  expect(allows({ action: 'ec2:AuthorizeSecurityGroupIngress', resource, context: request('shop') })).toBe(true);
  expect(allows({ action: 'ec2:CreateTags', resource, context: { ...request('shop'), ...created } })).toBe(true);
  expect(allows({ action: 'ec2:RevokeSecurityGroupIngress', resource, context: tagged('shop') })).toBe(true);
  expect(allows({ action: 'ec2:RevokeSecurityGroupIngress', resource, context: tagged('other') })).toBe(false);
});

test('a network load balancer and its listeners are created with our tag, and a gateway load balancer is not', () => {
  const create = (resource: string) =>
    allows({ action: `${elb}:CreateLoadBalancer`, resource, context: request('shop') });
  expect(create(networkLoadBalancer)).toBe(true);
  expect(create('loadbalancer/gwy/gh-shop/50dc6c495c0c9188')).toBe(false);
  const listen = { action: `${elb}:CreateListener`, resource: networkLoadBalancer };
  expect(allows({ ...listen, context: { ...request('shop'), ...tagged('shop') } })).toBe(true);
  expect(allows({ ...listen, context: request('shop') })).toBe(false);
});

test.each(['ec2:TerminateInstances', 'ec2:RunInstances', 'iam:PassRole', `${elb}:SetWebAcl`, 'acm:ExportCertificate'])(
  '%s is not allowed',
  (action) => {
    expect(allows({ action, resource: '*', context: { ...tagged('shop'), ...request('shop') } })).toBe(false);
  },
);
