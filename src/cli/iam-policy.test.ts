import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { iamPolicy } from './iam-policy.ts';

const options = { clusterName: 'shop-prod', partition: 'aws', region: '*', account: '*' };

function filledIn(given: Partial<typeof options> = {}) {
  const policy = iamPolicy({ ...options, ...given });
  if (policy.kind === 'invalid') throw new Error(policy.detail);
  return policy.document;
}

/**
 * Permissions that AWS checks in addition to those of our calls:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html
 */
const behindTheCalls = [
  // Needed for the first load balancer of an account.
  'iam:CreateServiceLinkedRole',
  // CreateLoadBalancer, CreateTargetGroup and RegisterTargets read the network with the caller's permissions.
  'ec2:DescribeAccountAttributes',
  'ec2:DescribeInternetGateways',
  'ec2:DescribeVpcs',
  // CreateLoadBalancer and SetSecurityGroups check whether the VPC may use the groups.
  'ec2:GetSecurityGroupsForVpc',
];

const prefixes: Readonly<Record<string, string>> = {
  '@aws-sdk/client-acm': 'acm',
  '@aws-sdk/client-ec2': 'ec2',
  '@aws-sdk/client-elastic-load-balancing-v2': 'elasticloadbalancing',
  '@aws-sdk/client-resource-groups-tagging-api': 'tag',
};

/** The commands that the program imports, as IAM's actions. */
async function calledActions(): Promise<readonly string[]> {
  const root = join(import.meta.dirname, '..');
  const files = (await readdir(root, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !/\.test\.ts$|under-test|testing/.test(file),
  );
  const actions = new Set<string>();
  for (const file of files) {
    const source = await readFile(join(root, file), 'utf8');
    const imports = source.matchAll(/import \{([^}]*)\} from '(@aws-sdk\/client-[\w-]+)'/g);
    for (const [, names = '', client = ''] of imports) {
      for (const [, name] of names.matchAll(/(\w+)Command\b/g)) actions.add(`${prefixes[client]}:${name}`);
    }
  }
  return [...actions].toSorted();
}

const granted = filledIn().Statement.flatMap(({ Action }) => Action);

/** Only actions that read may have wildcards. */
const matches = (pattern: string, action: string): boolean =>
  /:(Describe|List)\*$/.test(pattern) ? action.startsWith(pattern.slice(0, -1)) : pattern === action;

test('the role may do all that the controller does, and nothing else', async () => {
  const needed = [...(await calledActions()), ...behindTheCalls];
  expect(needed.length).toBeGreaterThan(50);
  expect(needed.filter((action) => !granted.some((pattern) => matches(pattern, action)))).toEqual([]);
  expect(granted.filter((pattern) => !needed.some((action) => matches(pattern, action)))).toEqual([]);
  expect(granted.filter((pattern) => pattern.includes('*'))).toEqual(['acm:List*', 'elasticloadbalancing:Describe*']);
});

test('every action that changes something is bound to this cluster’s tag, or to this cluster’s nodes', () => {
  const free = filledIn().Statement.filter((statement) => !JSON.stringify(statement).includes('shop-prod'));
  const actions = free.flatMap(({ Action }) => Action).filter((action) => !/:(Describe|List|Get)/.test(action));
  // AWS checks CreateSecurityGroup for the VPC, too. This is the permission for the VPC. The group itself must be tagged.
  expect(actions).toEqual(['iam:CreateServiceLinkedRole', 'ec2:CreateSecurityGroup']);
});

test('one cluster’s policy names no other cluster', () => {
  expect(JSON.stringify(filledIn({ clusterName: 'a', region: 'eu-central-1', account: '123456789012' }))).not.toMatch(
    /\$\{|shop-prod/,
  );
});

test('every statement has a unique name', () => {
  const names = filledIn().Statement.map(({ Sid }) => Sid);
  expect(new Set(names).size).toBe(names.length);
});

test('the policy fits a managed policy, even with the longest of names', () => {
  const policy = filledIn({
    clusterName: 'c'.repeat(100),
    partition: 'aws-us-gov',
    region: 'us-gov-west-1',
    account: '1'.repeat(12),
  });
  // 6,144 characters, white space not counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6144);
});

test.each([
  ['clusterName', 'a"b', '--cluster-name must be'],
  ['partition', 'gcp', '--partition must be'],
  ['region', 'here', '--region must be'],
  ['account', '12', '--account must be'],
])('a %s of %j is refused', (name, value, message) => {
  expect(iamPolicy({ ...options, [name]: value })).toMatchObject({
    kind: 'invalid',
    detail: expect.stringContaining(message) as unknown,
  });
});
