import {
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteSecurityGroupCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  GetResourcesCommand,
  type GetResourcesCommandInput,
  GetTagKeysCommand,
  GetTagValuesCommand,
  paginateGetResources,
  ResourceGroupsTaggingAPIClient,
  TagResourcesCommand,
  UntagResourcesCommand,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Aws, startAws } from '../server.ts';
import { clientOf, refusal, TestClock } from '../testing/client.ts';

let clock: TestClock;
let aws: Aws;
let ec2: EC2Client;
let elb: ElasticLoadBalancingV2Client;
let tagging: ResourceGroupsTaggingAPIClient;

async function start(taggingLagSeconds: number): Promise<void> {
  aws = await startAws({ port: 0, clock, taggingLagSeconds });
  ec2 = new EC2Client(clientOf(aws));
  elb = new ElasticLoadBalancingV2Client(clientOf(aws));
  tagging = new ResourceGroupsTaggingAPIClient(clientOf(aws));
}

async function stop(): Promise<void> {
  for (const client of [ec2, elb, tagging]) client.destroy();
  await aws.close();
}

beforeEach(async () => {
  clock = new TestClock();
  await start(0);
});

afterEach(stop);

type Tags = Readonly<Record<string, string>>;
const listOf = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

async function newVpc(tags: Tags = {}): Promise<string> {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({
      CidrBlock: '10.0.0.0/16',
      TagSpecifications: [{ ResourceType: 'vpc', Tags: listOf(tags) }],
    }),
  );
  return Vpc?.VpcId ?? '';
}

async function newGroup(VpcId: string, GroupName: string, tags: Tags): Promise<string> {
  const specification = { ResourceType: 'security-group' as const, Tags: listOf(tags) };
  const group = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName, Description: 'x', VpcId, TagSpecifications: [specification] }),
  );
  return group.GroupId ?? '';
}

async function newTargetGroup(VpcId: string, Name: string, tags: Tags): Promise<string> {
  const made = await elb.send(
    new CreateTargetGroupCommand({ Name, Protocol: 'HTTP', Port: 80, VpcId, TargetType: 'ip', Tags: listOf(tags) }),
  );
  return made.TargetGroups?.[0]?.TargetGroupArn ?? '';
}

async function arns(request: GetResourcesCommandInput = {}) {
  const { ResourceTagMappingList } = await tagging.send(new GetResourcesCommand(request));
  return ResourceTagMappingList?.map((each) => each.ResourceARN?.split(':')[5]?.split('/')[0]).toSorted();
}

const taggedBy = (...TagFilters: { Key: string; Values?: string[] }[]) => arns({ TagFilters });

// docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
test('filters are joined by AND, the values of one by OR, and a key alone is enough', async () => {
  const vpc = await newVpc({ owner: 'me', env: 'prod' });
  await newGroup(vpc, 'a', { owner: 'me', env: 'dev' });
  await newTargetGroup(vpc, 'a', { owner: 'you' });
  expect(await taggedBy({ Key: 'owner' })).toEqual(['security-group', 'targetgroup', 'vpc']);
  expect(await taggedBy({ Key: 'owner', Values: ['me'] })).toEqual(['security-group', 'vpc']);
  expect(await taggedBy({ Key: 'owner', Values: ['me', 'you'] })).toEqual(['security-group', 'targetgroup', 'vpc']);
  expect(await taggedBy({ Key: 'owner', Values: ['me'] }, { Key: 'env', Values: ['dev'] })).toEqual(['security-group']);
  expect(await taggedBy({ Key: 'Owner' })).toEqual([]);
});

const ofTypes = (...ResourceTypeFilters: string[]) => arns({ ResourceTypeFilters });

test('types are a service or a resource type of it, and what has no tags is not listed', async () => {
  const vpc = await newVpc();
  await newGroup(vpc, 'a', { owner: 'me' });
  await newTargetGroup(vpc, 'a', { owner: 'me' });
  expect(await ofTypes('ec2')).toEqual(['security-group']);
  expect(await ofTypes('ec2:security-group')).toEqual(['security-group']);
  expect(await ofTypes('ec2:vpc')).toEqual([]);
  expect(await ofTypes('elasticloadbalancing:targetgroup', 'ec2')).toEqual(['security-group', 'targetgroup']);
  expect(await ofTypes('elasticloadbalancing:listener')).toEqual([]);
});

test('pages end with an empty token, and a made-up token is refused', async () => {
  const vpc = await newVpc();
  for (let index = 0; index < 7; index += 1) await newGroup(vpc, `g${index}`, { owner: 'me' });
  const sizes: (number | undefined)[] = [];
  const tokens: (string | undefined)[] = [];
  for await (const page of paginateGetResources({ client: tagging }, { ResourcesPerPage: 3 })) {
    sizes.push(page.ResourceTagMappingList?.length);
    tokens.push(page.PaginationToken);
  }
  expect(sizes).toEqual([3, 3, 1]);
  expect(tokens.at(-1)).toBe('');
  expect(await refusal(arns({ PaginationToken: 'nonsense' }))).toBe('PaginationTokenExpiredException');
  expect(await refusal(arns({ ResourcesPerPage: 101 }))).toBe('InvalidParameterException');
});

test('named resources come by their ARNs, without filters', async () => {
  const vpc = await newVpc();
  const arn = await newTargetGroup(vpc, 'a', { owner: 'me' });
  await newTargetGroup(vpc, 'b', { owner: 'me' });
  expect(await arns({ ResourceARNList: [arn] })).toEqual(['targetgroup']);
  const both = arns({ ResourceARNList: [arn], TagFilters: [{ Key: 'owner' }] });
  expect(await refusal(both)).toBe('InvalidParameterException');
});

// docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetTagKeys.html
test('each key and value in use is listed once', async () => {
  const vpc = await newVpc({ owner: 'me', env: 'dev' });
  await newGroup(vpc, 'a', { owner: 'you' });
  await newGroup(vpc, 'b', { owner: 'me' });
  expect((await tagging.send(new GetTagKeysCommand({}))).TagKeys).toEqual(['env', 'owner']);
  expect((await tagging.send(new GetTagValuesCommand({ Key: 'owner' }))).TagValues).toEqual(['me', 'you']);
});

// docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html
test('resources are tagged one by one: an unknown one fails alone', async () => {
  const arn = await newTargetGroup(await newVpc(), 'a', { owner: 'me' });
  const unknown = `${arn}0`;
  const tagged = await tagging.send(
    new TagResourcesCommand({ ResourceARNList: [unknown, arn], Tags: { owner: 'you', more: '1' } }),
  );
  expect(Object.keys(tagged.FailedResourcesMap ?? {})).toEqual([unknown]);
  await tagging.send(new UntagResourcesCommand({ ResourceARNList: [arn], TagKeys: ['more'] }));
  const { ResourceTagMappingList } = await tagging.send(new GetResourcesCommand({}));
  expect(ResourceTagMappingList).toEqual([{ ResourceARN: arn, Tags: [{ Key: 'owner', Value: 'you' }] }]);
});

test('an index that lags shows what was: new things late, deleted things still, tags as they were', async () => {
  await stop();
  await start(10);
  const vpc = await newVpc({ owner: 'me' });
  const group = await newGroup(vpc, 'a', { owner: 'me' });
  const target = await newTargetGroup(vpc, 'a', { owner: 'me' });
  expect(await arns()).toEqual([]);
  clock.advance(10);
  expect(await arns()).toEqual(['security-group', 'targetgroup', 'vpc']);

  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: group }));
  await elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: target }));
  await ec2.send(new CreateTagsCommand({ Resources: [vpc], Tags: [{ Key: 'owner', Value: 'you' }] }));
  clock.advance(9);
  expect(await arns({ TagFilters: [{ Key: 'owner', Values: ['me'] }] })).toEqual([
    'security-group',
    'targetgroup',
    'vpc',
  ]);
  clock.advance(1);
  expect(await arns({ TagFilters: [{ Key: 'owner', Values: ['you'] }] })).toEqual(['vpc']);
  expect(await arns()).toEqual(['vpc']);
});

test('what was made and deleted within the lag is never seen for longer than it was there', async () => {
  await stop();
  await start(10);
  const group = await newGroup(await newVpc(), 'a', { owner: 'me' });
  clock.advance(4);
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: group }));
  clock.advance(5);
  expect(await arns()).toEqual([]);
  clock.advance(2);
  expect(await arns()).toEqual(['security-group']);
  clock.advance(4);
  expect(await arns()).toEqual([]);
});
