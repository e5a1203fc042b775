// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddTags.html, API_DescribeTags.html
import { AddTagsCommand, DescribeTagsCommand, RemoveTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { absent, Embedded } from '../testing/embedded.ts';

const tags = (count: number, prefix = 'k') =>
  Array.from({ length: count }, (_, n) => ({ Key: `${prefix}${n}`, Value: '' }));

test('load balancers, target groups, listeners and rules are tagged at birth and later', async () => {
  await using aws = await Embedded.start();
  const Tags = [{ Key: 'owner', Value: 'a & <b> = é' }];
  const loadBalancer = await aws.loadBalancer({ Tags });
  const listener = await aws.listener(loadBalancer, { Tags });
  const ResourceArns = [loadBalancer, await aws.targetGroup({ Tags }), listener, await aws.rule(listener, 1, { Tags })];
  await aws.elb.send(new AddTagsCommand({ ResourceArns, Tags: [{ Key: 'more', Value: '1' }] }));
  const described = async () => (await aws.elb.send(new DescribeTagsCommand({ ResourceArns }))).TagDescriptions ?? [];
  expect(await described()).toEqual(
    ResourceArns.map((ResourceArn) => ({ ResourceArn, Tags: [...Tags, { Key: 'more', Value: '1' }] })),
  );
  await aws.elb.send(new RemoveTagsCommand({ ResourceArns, TagKeys: ['more', 'absent'] }));
  expect((await described()).map((each) => each.Tags)).toEqual(ResourceArns.map(() => Tags));
});

test('fifty tags is the most, and a call too many changes no resource', async () => {
  await using aws = await Embedded.start();
  const full = await aws.loadBalancer({ Tags: tags(50) });
  const free = await aws.targetGroup();
  const add = new AddTagsCommand({ ResourceArns: [free, full], Tags: [{ Key: 'one-more', Value: '' }] });
  expect(await refusal(aws.elb.send(add))).toBe('TooManyTagsException');
  const { TagDescriptions } = await aws.elb.send(new DescribeTagsCommand({ ResourceArns: [free] }));
  expect(TagDescriptions?.[0]?.Tags).toEqual([]);
  await aws.elb.send(new AddTagsCommand({ ResourceArns: [full], Tags: [{ Key: 'k0', Value: 'new' }] }));
});

test.each([
  ['a key of 129 characters', { Key: 'k'.repeat(129), Value: '' }],
  ['a value of 257 characters', { Key: 'k', Value: 'v'.repeat(257) }],
  ['a key of AWS', { Key: 'aws:cloudformation', Value: '' }],
  ['a key with another character', { Key: 'cost#centre', Value: '' }],
  ['a value with other characters', { Key: 'k', Value: 'a,b (c)' }],
])('%s is refused', async (_, tag) => {
  await using aws = await Embedded.start();
  const ResourceArns = [await aws.loadBalancer()];
  expect(await refusal(aws.elb.send(new AddTagsCommand({ ResourceArns, Tags: [tag] })))).toBe('ValidationError');
});

test('tags of more than twenty resources, or of an absent one, are not described', async () => {
  await using aws = await Embedded.start();
  const arn = await aws.loadBalancer();
  const describe = (ResourceArns: string[]) => aws.elb.send(new DescribeTagsCommand({ ResourceArns }));
  expect(await refusal(describe(Array.from({ length: 21 }, () => arn)))).toBe('ValidationError');
  expect(await refusal(describe([arn, absent(arn)]))).toBe('LoadBalancerNotFoundException');
  expect(await refusal(describe([absent(await aws.targetGroup())]))).toBe('TargetGroupNotFoundException');
});
