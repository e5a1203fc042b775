import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Admissions, admissionsDiff, desiredAdmissions, ensureBackendSecurityGroup } from './admissions.ts';
import { awsName, clusterPrefix } from './model/naming.ts';
import { awsUnderTest, type Controller, cluster } from './testing/aws-under-test.ts';

let it: Awaited<ReturnType<typeof awsUnderTest>>;
let controller: Controller;
beforeEach(async () => {
  it = await awsUnderTest();
  controller = await it.start();
});
afterEach(() => it.close());

const rule = (fromPort: number, toPort: number, ruleId = 'sgr-1') => ({
  groupId: 'sg-1',
  fromPort,
  toPort,
  ruleId,
  source: 'sg-lb',
});

/** What the nodes' group admits from `source`. */
async function admitted(source: string): Promise<readonly string[]> {
  const { SecurityGroupRules = [] } = await controller.clients.ec2.send(
    new DescribeSecurityGroupRulesCommand({
      Filters: [{ Name: 'group-id', Values: [it.seed.nodeSecurityGroupId] }],
    }),
  );
  return SecurityGroupRules.filter((each) => each.ReferencedGroupInfo?.GroupId === source).map(
    ({ FromPort, ToPort }) => `${FromPort}-${ToPort}`,
  );
}

async function backend(): Promise<string> {
  const group = await ensureBackendSecurityGroup(controller.clients, cluster, it.seed.vpcId);
  if (group.kind !== 'ready') throw new Error('no group');
  return group.groupId;
}

test('a group admits the least range of ports that covers all pods, or all node ports', () => {
  expect(
    desiredAdmissions([
      { groupId: 'sg-1', targetType: 'ip', port: 8080 },
      { groupId: 'sg-1', targetType: 'ip', port: 9090 },
      { groupId: 'sg-2', targetType: 'instance', port: 31_000 },
    ]),
  ).toEqual([
    { groupId: 'sg-1', fromPort: 8080, toPort: 9090 },
    { groupId: 'sg-2', fromPort: 30_000, toPort: 32_767 },
  ]);
});

test('before all Gateways have been seen, ports are only ever added', () => {
  const desired = [{ groupId: 'sg-1', fromPort: 9090, toPort: 9090 }];
  const existing = [rule(8080, 8080), { ...rule(1, 1, 'sgr-2'), groupId: 'sg-9' }];
  expect(admissionsDiff(desired, existing, 'sg-lb', false)).toEqual({
    authorize: [{ groupId: 'sg-1', fromPort: 8080, toPort: 9090 }],
    revoke: [existing[0]],
  });
  expect(admissionsDiff([], existing, 'sg-lb', false)).toEqual({ authorize: [], revoke: [] });
  expect(admissionsDiff(desired, existing, 'sg-lb', true)).toEqual({ authorize: desired, revoke: existing });
});

test('the cluster has one backend security group, however often it is asked for', async () => {
  const first = await backend();
  expect(await backend()).toBe(first);
});

test("a stranger's group of that name is not taken for ours", async () => {
  const name = awsName(`${clusterPrefix(cluster)}-`, 'backend', ['security-group/backend', it.seed.vpcId]);
  await controller.clients.ec2.send(
    new CreateSecurityGroupCommand({ GroupName: name, Description: 'mine', VpcId: it.seed.vpcId }),
  );
  expect(await ensureBackendSecurityGroup(controller.clients, cluster, it.seed.vpcId)).toMatchObject({
    kind: 'failed',
    problem: { kind: 'name-taken', name },
  });
});

test('nodes admit the load balancers, and rules that are not ours stay as they are', async () => {
  const groupId = it.seed.nodeSecurityGroupId;
  const source = await backend();
  await controller.clients.ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: groupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId: source }] }],
    }),
  );
  const admissions = new Admissions(controller.clients, cluster);
  expect(await admissions.bring([{ groupId, fromPort: 8080, toPort: 8080 }], source, true)).toEqual(new Map());
  expect(await admitted(source)).toEqual(['22-22', '8080-8080']);
  expect(await admissions.bring([{ groupId, fromPort: 8080, toPort: 9090 }], source, false)).toEqual(new Map());
  expect(await admitted(source)).toEqual(['22-22', '8080-9090']);
  it.aws.calls.zero();
  await admissions.bring([{ groupId, fromPort: 8080, toPort: 9090 }], source, true);
  expect(it.aws.calls.counts().total).toBe(0);
  // After a restart it finds what it has made.
  const anew = new Admissions(controller.clients, cluster);
  expect(await anew.bring([], source, true)).toEqual(new Map());
  expect(await admitted(source)).toEqual(['22-22']);
});

test('a group that is gone is a problem of its own, and of no other group', async () => {
  const source = await backend();
  const ports = { fromPort: 8080, toPort: 8080 };
  const gone = 'sg-0123456789abcdef0';
  const desired = [
    { groupId: gone, ...ports },
    { groupId: it.seed.nodeSecurityGroupId, ...ports },
  ];
  const admissions = new Admissions(controller.clients, cluster);
  const refused = await admissions.bring(desired, source, true);
  expect([...refused.keys()]).toEqual([gone]);
  expect(refused.get(gone)).toMatchObject({ kind: 'cloud-refused', resource: `admission/${gone}` });
  expect(await admitted(source)).toEqual(['8080-8080']);
  it.aws.calls.zero();
  // Whoever knows that it is refused has it left alone.
  expect(await admissions.bring(desired, source, true, new Set([gone]))).toEqual(new Map());
  expect(it.aws.calls.counts().total).toBe(0);
});
