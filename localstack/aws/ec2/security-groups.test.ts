import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  type IpPermission,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  UpdateSecurityGroupRuleDescriptionsIngressCommand,
} from '@aws-sdk/client-ec2';
import { beforeAll, expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { ec2UnderTest } from '../testing/ec2.ts';

const { ec2 } = ec2UnderTest();
let vpcId: string | undefined;

beforeAll(async () => {
  vpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId;
});

let made = 0;
async function newGroup(tags: Readonly<Record<string, string>> = {}): Promise<string> {
  made += 1;
  const group = await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: `group-${made}`,
      Description: 'for a test',
      VpcId: vpcId,
      TagSpecifications: [
        { ResourceType: 'security-group', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
      ],
    }),
  );
  return group.GroupId ?? '';
}

async function groupOf(id: string) {
  return (await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [id] }))).SecurityGroups?.[0];
}

async function rulesOf(id: string, isEgress = false) {
  const filters = [{ Name: 'group-id', Values: [id] }];
  const found = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: filters }));
  return (found.SecurityGroupRules ?? []).filter((rule) => rule.IsEgress === isEgress);
}

const http = (...cidrs: string[]): IpPermission => ({
  IpProtocol: 'tcp',
  FromPort: 80,
  ToPort: 80,
  IpRanges: cidrs.map((CidrIp) => ({ CidrIp })),
});

const authorize = (GroupId: string, ...IpPermissions: IpPermission[]) =>
  ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
test('a new security group lets everything out and nothing in', async () => {
  const group = await groupOf(await newGroup());
  expect(group?.IpPermissions).toEqual([]);
  expect(group?.IpPermissionsEgress).toMatchObject([{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]);
  expect(group?.IpPermissionsEgress?.[0]?.FromPort).toBeUndefined();
});

const createNamed = (GroupName: string) =>
  refusal(ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'x', VpcId: vpcId })));

test('a name is taken once a VPC, "default" is reserved, and sg- is for ids', async () => {
  await newGroup();
  expect(await createNamed(`group-${made}`)).toBe('InvalidGroup.Duplicate');
  expect(await createNamed('default')).toBe('InvalidGroup.Reserved');
  expect(await createNamed('sg-mine')).toBe('InvalidParameterValue');
  expect(await createNamed('naïve')).toBe('InvalidParameterValue');
});

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
test('rules of one protocol and port range come back as one permission, with their descriptions', async () => {
  const id = await newGroup();
  const answer = await authorize(id, {
    ...http(),
    IpRanges: [{ CidrIp: '10.1.2.3/8', Description: 'inside' }],
    Ipv6Ranges: [{ CidrIpv6: '2001:0DB8::1/32' }],
    UserIdGroupPairs: [{ GroupId: id, Description: 'itself' }],
    PrefixListIds: [{ PrefixListId: 'pl-12345678' }],
  });
  expect(answer.SecurityGroupRules).toHaveLength(4);
  const permissions = (await groupOf(id))?.IpPermissions;
  expect(permissions).toHaveLength(1);
  expect(permissions?.[0]).toMatchObject({
    IpProtocol: 'tcp',
    FromPort: 80,
    ToPort: 80,
    IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'inside' }],
    Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }],
    UserIdGroupPairs: [{ GroupId: id, Description: 'itself' }],
    PrefixListIds: [{ PrefixListId: 'pl-12345678' }],
  });
});

test('a call that names one rule that exists adds none of the others', async () => {
  const id = await newGroup();
  await authorize(id, http('10.0.0.0/8'));
  expect(await refusal(authorize(id, http('11.0.0.0/8', '10.0.0.0/8')))).toBe('InvalidPermission.Duplicate');
  expect(await refusal(authorize(id, http('12.0.0.0/8', '12.0.0.0/8')))).toBe('InvalidParameterValue');
  expect((await rulesOf(id)).map((rule) => rule.CidrIpv4)).toEqual(['10.0.0.0/8']);
});

test('rules that make no sense are refused', async () => {
  const id = await newGroup();
  const bad: [IpPermission, string][] = [
    [http('10.0.0.0/33'), 'InvalidParameterValue'],
    [{ ...http('10.0.0.0/8'), FromPort: 90 }, 'InvalidParameterValue'],
    [{ ...http('10.0.0.0/8'), ToPort: 70_000 }, 'InvalidParameterValue'],
    [{ IpProtocol: 'tcp', IpRanges: [{ CidrIp: '10.0.0.0/8' }] }, 'InvalidParameterValue'],
    [{ ...http(), IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'quote "' }] }, 'InvalidParameterValue'],
    [{ ...http(), UserIdGroupPairs: [{ GroupId: 'sg-0123456789abcdef0' }] }, 'InvalidGroup.NotFound'],
    [{ ...http(), UserIdGroupPairs: [{ GroupId: 'mine' }] }, 'InvalidGroupId.Malformed'],
  ];
  for (const [permission, code] of bad) expect(await refusal(authorize(id, permission))).toBe(code);
  expect(await rulesOf(id)).toEqual([]);
});

// docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
test('a group holds 60 rules of each address family, and a rule from a group counts for both', async () => {
  const id = await newGroup();
  const v4 = Array.from({ length: 59 }, (_, index) => ({ CidrIp: `10.${index}.0.0/16` }));
  const v6 = Array.from({ length: 59 }, (_, index) => ({ CidrIpv6: `2001:db8:${(index + 16).toString(16)}::/48` }));
  await authorize(id, { ...http(), IpRanges: v4, Ipv6Ranges: v6 });
  await authorize(id, { ...http(), UserIdGroupPairs: [{ GroupId: id }] });
  expect(await refusal(authorize(id, http('192.0.2.0/24')))).toBe('RulesPerSecurityGroupLimitExceeded');
});

test('a rule is revoked by its fields or by its id, and revoking an absent rule is refused', async () => {
  const id = await newGroup();
  await authorize(id, http('10.0.0.0/8', '11.0.0.0/8', '12.0.0.0/8'));
  const revoke = (request: object) => ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: id, ...request }));
  await revoke({ IpPermissions: [http('10.0.0.0/8')] });
  const [first] = await rulesOf(id);
  const answer = await revoke({ SecurityGroupRuleIds: [first?.SecurityGroupRuleId] });
  expect(answer.RevokedSecurityGroupRules).toMatchObject([{ CidrIpv4: '11.0.0.0/8' }]);
  expect(await refusal(revoke({ IpPermissions: [http('10.0.0.0/8')] }))).toBe('InvalidPermission.NotFound');
  expect(await refusal(revoke({ SecurityGroupRuleIds: [first?.SecurityGroupRuleId] }))).toBe(
    'InvalidSecurityGroupRuleId.NotFound',
  );
  expect((await rulesOf(id)).map((rule) => rule.CidrIpv4)).toEqual(['12.0.0.0/8']);
});

test('what a group lets out can be taken from it', async () => {
  const id = await newGroup();
  await ec2.send(
    new RevokeSecurityGroupEgressCommand({
      GroupId: id,
      IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
  expect(await rulesOf(id, true)).toEqual([]);
});

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupRules.html
test('a rule has tags from the call that makes it, and is found by them', async () => {
  const id = await newGroup();
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: id,
      IpPermissions: [http('10.0.0.0/8', '11.0.0.0/8')],
      TagSpecifications: [{ ResourceType: 'security-group-rule', Tags: [{ Key: 'owner', Value: id }] }],
    }),
  );
  const find = (Name: string, Values: string[]) =>
    ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name, Values }] }));
  expect((await find('tag:owner', [id])).SecurityGroupRules).toHaveLength(2);
  expect((await rulesOf(id))[0]?.Tags).toEqual([{ Key: 'owner', Value: id }]);
  expect(await refusal(find('cidr', ['10.0.0.0/8']))).toBe('InvalidParameterValue');
});

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySecurityGroupRules.html
test('a rule changes in place and keeps its id', async () => {
  const id = await newGroup();
  await authorize(id, http('10.0.0.0/8'));
  const [before] = await rulesOf(id);
  await ec2.send(
    new ModifySecurityGroupRulesCommand({
      GroupId: id,
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: before?.SecurityGroupRuleId,
          SecurityGroupRule: {
            IpProtocol: 'tcp',
            FromPort: 443,
            ToPort: 443,
            CidrIpv4: '10.0.0.0/8',
            Description: 'tls',
          },
        },
      ],
    }),
  );
  expect(await rulesOf(id)).toMatchObject([
    { SecurityGroupRuleId: before?.SecurityGroupRuleId, FromPort: 443, ToPort: 443, Description: 'tls' },
  ]);
});

test('a description changes by itself', async () => {
  const id = await newGroup();
  await authorize(id, http('10.0.0.0/8'));
  await ec2.send(
    new UpdateSecurityGroupRuleDescriptionsIngressCommand({
      GroupId: id,
      IpPermissions: [{ ...http(), IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'new' }] }],
    }),
  );
  expect((await rulesOf(id))[0]?.Description).toBe('new');
});

const deleteGroup = (GroupId: string) => ec2.send(new DeleteSecurityGroupCommand({ GroupId }));

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
test('a group that another names cannot be deleted, one that only names itself can', async () => {
  const [named, naming] = [await newGroup(), await newGroup()];
  await authorize(naming, { ...http(), UserIdGroupPairs: [{ GroupId: named }] });
  await authorize(named, { ...http(), UserIdGroupPairs: [{ GroupId: named }] });
  expect(await refusal(deleteGroup(named))).toBe('DependencyViolation');
  await deleteGroup(naming);
  await deleteGroup(named);
  expect(await refusal(deleteGroup(named))).toBe('InvalidGroup.NotFound');
  expect(await rulesOf(named)).toEqual([]);
});

test("a VPC's default group cannot be deleted", async () => {
  const filters = [
    { Name: 'vpc-id', Values: [vpcId ?? ''] },
    { Name: 'group-name', Values: ['default'] },
  ];
  const found = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: filters }));
  const GroupId = found.SecurityGroups?.[0]?.GroupId;
  expect(await refusal(ec2.send(new DeleteSecurityGroupCommand({ GroupId })))).toBe('CannotDelete');
});
