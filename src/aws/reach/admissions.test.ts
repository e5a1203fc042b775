import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
} from '@aws-sdk/client-ec2';
import { beforeEach, expect, test } from 'vitest';
import { awsName, clusterPrefix } from '../model/naming.ts';
import { ensureBackendSecurityGroup } from '../network/backend-group.ts';
import { type Controller, cluster, eachTestOnAws } from '../testing/aws-under-test.ts';
import { Admissions } from './admissions.ts';

const rig = eachTestOnAws();

let controller: Controller;
beforeEach(async () => {
  controller = await rig.start();
});

/** The port ranges that the nodes' group admits from `source`. */
async function admitted(source: string): Promise<readonly string[]> {
  const { SecurityGroupRules = [] } = await controller.clients.ec2.send(
    new DescribeSecurityGroupRulesCommand({
      Filters: [{ Name: 'group-id', Values: [rig.seed.nodeSecurityGroupId] }],
    }),
  );
  return SecurityGroupRules.filter((each) => each.ReferencedGroupInfo?.GroupId === source).map(
    ({ FromPort, ToPort }) => `${FromPort}-${ToPort}`,
  );
}

async function backend(): Promise<string> {
  const group = await ensureBackendSecurityGroup(controller.clients, cluster, rig.seed.vpcId);
  if (group.kind !== 'ready') throw new Error('no group');
  return group.groupId;
}

test('the cluster has one backend security group, however often it is asked for', async () => {
  const first = await backend();
  expect(await backend()).toBe(first);
});

test("a stranger's group of that name is not taken for ours", async () => {
  const name = awsName(`${clusterPrefix(cluster)}-`, 'backend', ['security-group/backend', rig.seed.vpcId]);
  await controller.clients.ec2.send(
    new CreateSecurityGroupCommand({ GroupName: name, Description: 'mine', VpcId: rig.seed.vpcId }),
  );
  expect(await ensureBackendSecurityGroup(controller.clients, cluster, rig.seed.vpcId)).toMatchObject({
    kind: 'failed',
    problem: { kind: 'name-taken', name },
  });
});

test('nodes admit the load balancers, and rules that are not ours stay as they are', async () => {
  const groupId = rig.seed.nodeSecurityGroupId;
  const source = await backend();
  await controller.clients.ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: groupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId: source }] }],
    }),
  );
  const port = (number: number) => ({ groupId, protocol: 'tcp', fromPort: number, toPort: number });
  const admissions = new Admissions(controller.clients, cluster);
  expect(await admissions.apply([port(8080)], source, true)).toEqual(new Map());
  expect(await admitted(source)).toEqual(['22-22', '8080-8080']);
  expect(await admissions.apply([port(9090), port(9091)], source, false)).toEqual(new Map());
  expect(await admitted(source)).toEqual(['22-22', '8080-8080', '9090-9090', '9091-9091']);
  rig.aws.calls.zero();
  await admissions.apply([port(8080), port(9090), port(9091)], source, true);
  expect(rig.aws.calls.counts().total).toBe(0);
  await admissions.apply([port(9091), port(9092), port(9093)], source, true);
  // One call adds the new ports, and one call removes the old ports.
  expect(rig.aws.calls.counts().total).toBe(2);
  expect(await admitted(source)).toEqual(['22-22', '9091-9091', '9092-9092', '9093-9093']);
  // After a restart it finds its own rules.
  const anew = new Admissions(controller.clients, cluster);
  expect(await anew.apply([], source, true)).toEqual(new Map());
  expect(await admitted(source)).toEqual(['22-22']);
});

const ports = (groupId: string, ...numbers: readonly number[]) =>
  numbers.map((port) => ({ groupId, protocol: 'tcp', fromPort: port, toPort: port }));

test('UDP is admitted beside TCP at the same port, and goes without it', async () => {
  const groupId = rig.seed.nodeSecurityGroupId;
  const source = await backend();
  const [tcp, udp] = ['tcp', 'udp'].map((protocol) => ({ groupId, protocol, fromPort: 53, toPort: 53 }));
  if (tcp === undefined || udp === undefined) throw new Error('both are there');
  const admissions = new Admissions(controller.clients, cluster);
  const open = () =>
    [...rig.aws.world().ec2.securityGroupRules.values()]
      .filter(({ peer }) => peer.kind === 'group' && peer.groupId === source)
      .map(({ protocol, fromPort }) => `${protocol} ${fromPort}`);
  rig.aws.calls.zero();
  expect(await admissions.apply([tcp, udp], source, true)).toEqual(new Map());
  expect([open(), rig.aws.calls.counts().writes]).toEqual([['tcp 53', 'udp 53'], 1]);
  await admissions.apply([tcp], source, true);
  expect(open()).toEqual(['tcp 53']);
  expect((['tcp', 'udp'] as const).map((protocol) => admissions.admits({ groupId, protocol, port: 53 }))).toEqual([
    true,
    false,
  ]);
});

test('a UDP rule that someone else removes is found by the audit, and made again', async () => {
  const groupId = rig.seed.nodeSecurityGroupId;
  const source = await backend();
  const desired = (['tcp', 'udp'] as const).map((protocol) => ({ groupId, protocol, fromPort: 53, toPort: 53 }));
  const admissions = new Admissions(controller.clients, cluster);
  await admissions.apply(desired, source, true);
  const { ec2 } = rig.aws.world();
  for (const { id } of [...ec2.securityGroupRules.values()].filter(({ protocol }) => protocol === 'udp')) {
    ec2.securityGroupRules.delete(id);
    ec2.securityGroups.get(groupId)?.ruleIds.delete(id);
  }
  expect(await admissions.audit()).toEqual([groupId]);
  await admissions.apply(desired, source, true);
  expect(admissions.admits({ groupId, protocol: 'udp', port: 53 })).toBe(true);
});

/** Fills the nodes' group with rules of others, and leaves room for `count` rules. */
async function leaveRoomFor(count: number): Promise<void> {
  const groupId = rig.seed.nodeSecurityGroupId;
  const present = [...rig.aws.world().ec2.securityGroupRules.values()].filter(
    (rule) => rule.groupId === groupId && !rule.isEgress,
  );
  await controller.clients.ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: groupId,
      IpPermissions: Array.from({ length: 60 - present.length - count }, (_, index) => ({
        IpProtocol: 'udp',
        FromPort: index + 1,
        ToPort: index + 1,
        UserIdGroupPairs: [{ GroupId: groupId }],
      })),
    }),
  );
}

test('a group with little room admits ranges, no wider than it has to, and is exact again when there is room', async () => {
  const groupId = rig.seed.nodeSecurityGroupId;
  const source = await backend();
  await leaveRoomFor(4);
  const admissions = new Admissions(controller.clients, cluster);
  const desired = ports(groupId, 8080, 8085, 9090, 9100, 9443);
  expect(await admissions.apply(desired, source, true)).toEqual(new Map());
  // One place stays free, so that a new rule can be added before an old rule is revoked.
  expect((await admitted(source)).toSorted()).toEqual(['8080-8085', '9090-9100', '9443-9443']);
  expect(admissions.widened(groupId)).toEqual(['ports 8080-8085', 'ports 9090-9100']);
  expect(await admissions.apply([...desired, ...ports(groupId, 9101)], source, true)).toEqual(new Map());
  expect((await admitted(source)).toSorted()).toEqual(['8080-8085', '9090-9101', '9443-9443']);
  // After a restart it finds the ranges. While they match the needed ports, they cost no call.
  const anew = new Admissions(controller.clients, cluster);
  await anew.audit();
  rig.aws.calls.zero();
  expect(await anew.apply([...desired, ...ports(groupId, 9101)], source, true)).toEqual(new Map());
  expect(rig.aws.calls.counts().total).toBe(0);
  expect(await anew.apply(desired, source, true)).toEqual(new Map());
  expect((await admitted(source)).toSorted()).toEqual(['8080-8085', '9090-9100', '9443-9443']);

  const { ec2 } = rig.aws.world();
  for (const rule of [...ec2.securityGroupRules.values()].filter(({ protocol }) => protocol === 'udp')) {
    ec2.securityGroupRules.delete(rule.id);
    ec2.securityGroups.get(groupId)?.ruleIds.delete(rule.id);
  }
  await anew.audit();
  expect(await anew.apply(desired, source, true)).toEqual(new Map());
  expect((await admitted(source)).toSorted()).toEqual(desired.map(({ fromPort }) => `${fromPort}-${fromPort}`));
  expect(anew.widened(groupId)).toEqual([]);
});

test('a full group admits what it did, and the port that has no room is said by name', async () => {
  const groupId = rig.seed.nodeSecurityGroupId;
  const source = await backend();
  await leaveRoomFor(1);
  const admissions = new Admissions(controller.clients, cluster);
  expect(await admissions.apply(ports(groupId, 8080), source, true)).toEqual(new Map());
  // The kubelet's port is between the two, so no range may join them.
  const failed = await admissions.apply(ports(groupId, 8080, 12_000), source, true);
  expect([...failed]).toMatchObject([[groupId, { kind: 'quota-reached', detail: 'no room for port 12000' }]]);
  expect(await admitted(source)).toEqual(['8080-8080']);
  // Targets at the open port are still reached.
  expect([8080, 12_000].map((port) => admissions.admits({ groupId, protocol: 'tcp', port }))).toEqual([true, false]);
  const other = await new Admissions(controller.clients, cluster).apply(ports(groupId, 8080, 8081), source, true);
  expect(other).toEqual(new Map());
  expect(await admitted(source)).toEqual(['8080-8081']);
});

test("more rules than AWS's default are tried at the first audit, and no call is refused before", async () => {
  await rig.reopen({ quotas: { 'inbound-rules-per-security-group': 200 } });
  controller = await rig.start();
  const groupId = rig.seed.nodeSecurityGroupId;
  const source = await backend();
  const desired = ports(groupId, ...Array.from({ length: 90 }, (_, index) => 30_000 + 10 * index));
  const admissions = new Admissions(controller.clients, cluster);
  rig.aws.calls.zero();
  expect(await admissions.apply(desired, source, true)).toEqual(new Map());
  expect(rig.aws.calls.counts().writes).toBe(1);
  expect((await admitted(source)).length).toBeLessThan(60);
  await admissions.audit();
  expect(await admissions.apply(desired, source, true)).toEqual(new Map());
  expect((await admitted(source)).length).toBe(90);
  expect(admissions.widened(groupId)).toEqual([]);
});

test("a quota far below AWS's default is found in few calls", async () => {
  await rig.reopen({ quotas: { 'inbound-rules-per-security-group': 6 } });
  controller = await rig.start();
  const groupId = rig.seed.nodeSecurityGroupId;
  const source = await backend();
  rig.aws.calls.zero();
  const desired = ports(groupId, ...Array.from({ length: 40 }, (_, index) => 8000 + 10 * index));
  const admissions = new Admissions(controller.clients, cluster);
  expect(await admissions.apply(desired, source, true)).toEqual(new Map());
  expect(rig.aws.calls.counts().total).toBeLessThanOrEqual(16);
  expect((await admitted(source)).length).toBeGreaterThanOrEqual(2);
});

test('a rule that someone else has made does as well, and is asked for once', async () => {
  const groupId = rig.seed.nodeSecurityGroupId;
  const source = await backend();
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, UserIdGroupPairs: [{ GroupId: source }] }];
  await controller.clients.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions }));
  const admissions = new Admissions(controller.clients, cluster);
  expect(await admissions.apply(ports(groupId, 8080, 9090), source, true)).toEqual(new Map());
  expect((await admitted(source)).toSorted()).toEqual(['8080-8080', '9090-9090']);
  rig.aws.calls.zero();
  await admissions.apply(ports(groupId, 8080, 9090), source, true);
  expect(rig.aws.calls.counts().total).toBe(0);
});

test('a group that is gone is a problem of its own, and of no other group', async () => {
  const source = await backend();
  const port = { protocol: 'tcp', fromPort: 8080, toPort: 8080 };
  const problems = await new Admissions(controller.clients, cluster).apply(
    [
      { groupId: 'sg-0123456789abcdef0', ...port },
      { groupId: rig.seed.nodeSecurityGroupId, ...port },
    ],
    source,
    true,
  );
  expect([...problems.values()]).toMatchObject([{ kind: 'cloud-refused', resource: 'admission/sg-0123456789abcdef0' }]);
  expect(await admitted(source)).toEqual(['8080-8080']);
});
