import { ACMClient, ImportCertificateCommand, ListCertificatesCommand } from '@aws-sdk/client-acm';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  AddTagsCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, expect, test } from 'vitest';
import { type Aws, startAws } from '../server.ts';
import { servicesOf } from '../services.ts';
import { clientOf } from '../testing/client.ts';
import { isRecord } from '../wire/record.ts';
import { ec2Resources } from './resources-ec2.ts';
import { elbv2Resources } from './resources-elbv2.ts';

const account = '123456789012';
const roleArn = `arn:aws:iam::${account}:role/team/gatehouse`;
const session = `arn:aws:sts::${account}:assumed-role/gatehouse/pod`;

type Json = Readonly<Record<string, unknown>>;

const allow = (Action: string | readonly string[], more: Json = {}): Json => ({
  Sid: 'It',
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
});

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const encode = (value: Json): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Clients with credentials that were exchanged for a pod's token. */
async function asRole(...statements: readonly Json[]) {
  const document = { Version: '2012-10-17', Statement: statements };
  const aws: Aws = await startAws({ port: 0, seed: true, accountId: account, policies: { [roleArn]: document } });
  closing.push(() => aws.close());
  const claims = { iss: 'i', sub: 's', aud: 'sts.amazonaws.com', exp: Math.floor(Date.now() / 1000) + 600 };
  const WebIdentityToken = `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`;
  const assume = new AssumeRoleWithWebIdentityCommand({ RoleArn: roleArn, RoleSessionName: 'pod', WebIdentityToken });
  const { Credentials } = await new STSClient(clientOf(aws)).send(assume);
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  const options = { ...clientOf(aws), credentials };
  return {
    aws,
    vpcId: aws.seeded()?.vpcId ?? '',
    elb: new ElasticLoadBalancingV2Client(options),
    ec2: new EC2Client(options),
    acm: new ACMClient(options),
    tagging: new ResourceGroupsTaggingAPIClient(options),
    sts: new STSClient(options),
  };
}

/** Code, status and message of a refusal. */
async function refused(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata: unknown = Reflect.get(error, '$metadata');
    return `${error.name} ${isRecord(metadata) ? String(metadata['httpStatusCode']) : '?'}: ${error.message}`;
  }
  return 'not refused';
}

const because = (action: string) => `because no identity-based policy allows the ${action} action`;

const targetGroup = (vpcId: string, tag?: string) =>
  new CreateTargetGroupCommand({
    Name: 'a',
    Protocol: 'HTTP',
    Port: 80,
    VpcId: vpcId,
    TargetType: 'ip',
    ...(tag === undefined ? {} : { Tags: [{ Key: 'cluster', Value: tag }] }),
  });

test('each service says what is denied in its own words, and to whom', async () => {
  const { elb, ec2, acm, tagging } = await asRole(allow('sts:*'));
  expect(await refused(elb.send(new DescribeTargetGroupsCommand({})))).toBe(
    `AccessDenied 403: User: ${session} is not authorized to perform: elasticloadbalancing:DescribeTargetGroups ${because('elasticloadbalancing:DescribeTargetGroups')}`,
  );
  expect(await refused(ec2.send(new DescribeVpcsCommand({})))).toBe(
    `UnauthorizedOperation 403: You are not authorized to perform this operation. User: ${session} is not authorized to perform: ec2:DescribeVpcs ${because('ec2:DescribeVpcs')}`,
  );
  expect(await refused(acm.send(new ListCertificatesCommand({})))).toMatch(/^AccessDeniedException 400: User: arn/);
  expect(await refused(tagging.send(new GetResourcesCommand({})))).toMatch(/perform: tag:GetResources because/);
  const importing = new ImportCertificateCommand({ Certificate: Buffer.from('x'), PrivateKey: Buffer.from('y') });
  expect(await refused(acm.send(importing))).toContain(
    `acm:ImportCertificate on resource: arn:aws:acm:us-east-1:${account}:certificate/*`,
  );
});

test('who one is needs no permission', async () => {
  const { sts } = await asRole(allow('ec2:DescribeVpcs'));
  expect((await sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(session);
});

test('the answer to an explicit deny differs from the answer to a missing allow', async () => {
  const { ec2 } = await asRole(allow('*'), { ...allow('ec2:DescribeVpcs'), Effect: 'Deny' });
  expect(await refused(ec2.send(new DescribeVpcsCommand({})))).toMatch(
    /with an explicit deny in an identity-based policy$/,
  );
});

test('what is made with tags needs the tagging too, and what the service looks up behind it', async () => {
  const elbv2 = (Action: string, Condition: Json = {}) =>
    allow(`elasticloadbalancing:${Action}`, { Sid: Action, Condition });
  const tagging = elbv2('AddTags', {
    StringEquals: { 'elasticloadbalancing:CreateAction': 'CreateTargetGroup', 'aws:RequestTag/cluster': 'shop' },
  });
  const lookups = allow(['ec2:DescribeInternetGateways', 'ec2:DescribeVpcs'], { Sid: 'Behind' });
  const without = await asRole(elbv2('CreateTargetGroup'), lookups);
  expect(await refused(without.elb.send(targetGroup(without.vpcId, 'shop')))).toContain(
    `elasticloadbalancing:AddTags on resource: arn:aws:elasticloadbalancing:us-east-1:${account}:targetgroup/a/* because`,
  );
  const blind = await asRole(elbv2('CreateTargetGroup'), tagging);
  expect(await refused(blind.elb.send(targetGroup(blind.vpcId, 'shop')))).toContain('ec2:DescribeInternetGateways');
  const { elb, vpcId, aws } = await asRole(elbv2('CreateTargetGroup'), tagging, lookups);
  expect(await refused(elb.send(targetGroup(vpcId, 'other')))).toContain('elasticloadbalancing:AddTags');
  const { TargetGroups } = await elb.send(targetGroup(vpcId, 'shop'));
  const again = new AddTagsCommand({
    ResourceArns: [TargetGroups?.[0]?.TargetGroupArn ?? ''],
    Tags: [{ Key: 'cluster', Value: 'shop' }],
  });
  expect(await refused(elb.send(again))).toContain('elasticloadbalancing:AddTags');
  expect(aws.iam.report().policies[roleArn]?.unused).toEqual({});
});

test("a policy condition can require a resource's tags", async () => {
  const { elb, vpcId, aws } = await asRole(
    allow(['elasticloadbalancing:CreateTargetGroup', 'elasticloadbalancing:AddTags', 'ec2:Describe*']),
    allow('elasticloadbalancing:DeleteTargetGroup', {
      Sid: 'Own',
      Condition: { StringEquals: { 'aws:ResourceTag/cluster': 'shop' } },
    }),
  );
  const made = async (tag: string) => (await elb.send(targetGroup(vpcId, tag))).TargetGroups?.[0]?.TargetGroupArn ?? '';
  const others = await made('other');
  expect(await refused(elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: others })))).toContain(
    `elasticloadbalancing:DeleteTargetGroup on resource: ${others} because`,
  );
  aws.world().elbv2.targetGroups.get(others)?.tags.set('cluster', 'shop');
  expect(await refused(elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: others })))).toBe('not refused');
});

test('a security group is asked for in its VPC, with its tags, and its rules by themselves', async () => {
  const group = allow(['ec2:CreateSecurityGroup', 'ec2:AuthorizeSecurityGroupIngress'], {
    Resource: 'arn:aws:ec2:*:*:security-group/*',
  });
  const vpc = allow('ec2:CreateSecurityGroup', { Resource: 'arn:aws:ec2:*:*:vpc/*' });
  const tags = allow('ec2:CreateTags', {
    Condition: { StringEquals: { 'ec2:CreateAction': 'CreateSecurityGroup' } },
  });
  const create = (VpcId: string) =>
    new CreateSecurityGroupCommand({
      GroupName: 'g',
      Description: 'd',
      VpcId,
      TagSpecifications: [{ ResourceType: 'security-group', Tags: [{ Key: 'k', Value: 'v' }] }],
    });
  const noVpc = await asRole(group, tags);
  expect(await refused(noVpc.ec2.send(create(noVpc.vpcId)))).toContain(`vpc/${noVpc.vpcId} because`);
  const noTags = await asRole(group, vpc);
  expect(await refused(noTags.ec2.send(create(noTags.vpcId)))).toMatch(
    /ec2:CreateTags on resource: \S*security-group\/\*/,
  );
  const { ec2, vpcId } = await asRole(group, vpc, tags);
  const { GroupId = '' } = await ec2.send(create(vpcId));
  const retag = new CreateTagsCommand({ Resources: [GroupId], Tags: [{ Key: 'k', Value: 'w' }] });
  expect(await refused(ec2.send(retag))).toMatch(
    new RegExp(`ec2:CreateTags on resource: \\S*security-group/${GroupId}`),
  );
  const ingress = new AuthorizeSecurityGroupIngressCommand({
    GroupId,
    IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
  });
  expect(await refused(ec2.send(ingress))).toMatch(/on resource: \S*security-group-rule\/\*/);
});

test('the first load balancer of an account creates the service-linked role', async () => {
  const { elb, aws } = await asRole(allow(['elasticloadbalancing:*', 'ec2:*']));
  const Subnets = [...(aws.seeded()?.publicSubnetIds ?? [])];
  const create = elb.send(new CreateLoadBalancerCommand({ Name: 'a', Subnets }));
  expect(await refused(create)).toMatch(
    /iam:CreateServiceLinkedRole on resource: arn:aws:iam::\d+:role\/aws-service-role/,
  );
});

test('users are administrators, roles without a policy may do nothing, and * is everyone', async () => {
  const document = { Version: '2012-10-17', Statement: [allow('ec2:DescribeVpcs')] };
  const { ec2: _, aws } = await asRole(allow('ec2:DescribeVpcs'));
  expect(await refused(new EC2Client(clientOf(aws)).send(new DescribeVpcsCommand({})))).toBe('not refused');
  const everyone = await startAws({ port: 0, policies: { '*': document } });
  closing.push(() => everyone.close());
  const elb = new ElasticLoadBalancingV2Client(clientOf(everyone));
  expect(await refused(elb.send(new DescribeTargetGroupsCommand({})))).toMatch(
    /^AccessDenied 403: User: arn:aws:iam::\d+:user\/test/,
  );
});

test('the use of each policy is recorded', async () => {
  const { ec2, elb, aws } = await asRole(allow(['ec2:DescribeVpcs', 'ec2:DescribeSubnets']));
  await ec2.send(new DescribeVpcsCommand({}));
  for (const _ of [1, 2]) await refused(elb.send(new DescribeTargetGroupsCommand({})));
  expect(await (await fetch(`${aws.url}/_aws/iam`)).json()).toEqual({
    policies: { [roleArn]: { used: { It: ['ec2:DescribeVpcs'] }, unused: { It: ['ec2:DescribeSubnets'] } } },
    allowed: ['ec2:DescribeVpcs'],
    denied: [{ principal: session, action: 'elasticloadbalancing:DescribeTargetGroups', resource: '*', times: 2 }],
  });
});

test('every action that is allowed by resource has its resources, and none that is not there', async () => {
  const aws = await startAws({ port: 0 });
  closing.push(() => aws.close());
  const actions = (name: string) =>
    Object.keys(servicesOf(aws.world()).find((service) => service.name === name)?.actions ?? {});
  const writes = actions('elasticloadbalancing').filter((name) => !name.startsWith('Describe'));
  expect(Object.keys(elbv2Resources).toSorted()).toEqual(writes.toSorted());
  const groups = actions('ec2').filter((name) => /SecurityGroup|Tags/.test(name) && !/^(Describe|Get)/.test(name));
  expect(Object.keys(ec2Resources)).toEqual(expect.arrayContaining(groups));
});
