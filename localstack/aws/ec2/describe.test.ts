import {
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteTagsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  DescribeVpcsCommand,
  paginateDescribeSecurityGroups,
} from '@aws-sdk/client-ec2';
import { beforeAll, expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { ec2UnderTest } from '../testing/ec2.ts';

const { ec2 } = ec2UnderTest();
let vpcId: string;
let subnetId: string;

beforeAll(async () => {
  vpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
  const subnet = await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: '10.0.0.0/24' }));
  subnetId = subnet.Subnet?.SubnetId ?? '';
});

const tagged = (key: string, value: string) =>
  ec2.send(new CreateTagsCommand({ Resources: [subnetId], Tags: [{ Key: key, Value: value }] }));

const subnetsBy = async (Name: string, ...Values: string[]) =>
  (await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name, Values }] }))).Subnets?.map((found) => found.SubnetId);

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
test('filters know wildcards, and case counts', async () => {
  await tagged('Name', 'demo-a*b');
  expect(await subnetsBy('tag:Name', 'demo-*')).toEqual([subnetId]);
  expect(await subnetsBy('tag:Name', 'demo-????')).toEqual([]);
  expect(await subnetsBy('tag:Name', 'demo-???')).toEqual([subnetId]);
  expect(await subnetsBy('tag:Name', 'demo-a\\*b')).toEqual([subnetId]);
  expect(await subnetsBy('tag:Name', 'demo-\\*b')).toEqual([]);
  expect(await subnetsBy('tag:Name', 'Demo-*')).toEqual([]);
  expect(await subnetsBy('tag:name', 'demo-*')).toEqual([]);
});

test('a tag with an empty value is found by the empty value', async () => {
  await tagged('kubernetes.io/role/elb', '');
  expect(await subnetsBy('tag:kubernetes.io/role/elb', '', '1')).toEqual([subnetId]);
  expect(await subnetsBy('tag:kubernetes.io/role/elb', '1')).toEqual([]);
});

test('a filter that does not exist is refused, not ignored', async () => {
  expect(await refusal(subnetsBy('vpc', vpcId))).toBe('InvalidParameterValue');
});

const describeSubnet = (id: string) => refusal(ec2.send(new DescribeSubnetsCommand({ SubnetIds: [id] })));

// docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html
test('an invalid id and an unknown id get different errors', async () => {
  expect(await describeSubnet('subnet-nope')).toBe('InvalidSubnetID.Malformed');
  expect(await describeSubnet('subnet-0123456789abcdef0')).toBe('InvalidSubnetID.NotFound');
});

const createPaged = (index: number) =>
  ec2.send(new CreateSecurityGroupCommand({ GroupName: `page-${index}`, Description: 'x', VpcId: vpcId }));

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
test('a listing goes on over pages, and misses nothing when a group appears in between', async () => {
  for (let index = 0; index < 12; index += 1) await createPaged(index);
  const names: (string | undefined)[] = [];
  let pages = 0;
  const filters = [{ Name: 'group-name', Values: ['page-*'] }];
  for await (const page of paginateDescribeSecurityGroups({ client: ec2, pageSize: 5 }, { Filters: filters })) {
    names.push(...(page.SecurityGroups ?? []).map((group) => group.GroupName));
    pages += 1;
    if (pages === 1) await createPaged(12);
  }
  expect(pages).toBeGreaterThanOrEqual(3);
  expect(new Set(names).size).toBe(names.length);
  for (let index = 0; index < 12; index += 1) expect(names).toContain(`page-${index}`);
});

const describeVpcs = (request: object) => refusal(ec2.send(new DescribeVpcsCommand(request)));

test('pages below five entries, and pages of named ids, are refused', async () => {
  expect(await describeVpcs({ MaxResults: 4 })).toBe('InvalidParameterValue');
  expect(await describeVpcs({ MaxResults: 10, VpcIds: [vpcId] })).toBe('InvalidParameterCombination');
  expect(await describeVpcs({ NextToken: 'nonsense' })).toBe('InvalidNextToken');
});

test('a dry run says that it would have succeeded and does nothing', async () => {
  expect(await refusal(ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16', DryRun: true })))).toBe(
    'DryRunOperation',
  );
  expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs).toHaveLength(1);
});

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
test('a tag goes by its key, or only if it has the value that is given', async () => {
  const tags = async () =>
    (await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [vpcId] }] }))).Tags;
  const remove = (tag: object) => ec2.send(new DeleteTagsCommand({ Resources: [vpcId], Tags: [{ Key: 'a', ...tag }] }));
  await ec2.send(new CreateTagsCommand({ Resources: [vpcId], Tags: [{ Key: 'a', Value: '1' }] }));
  await remove({ Value: '2' });
  expect(await tags()).toEqual([{ Key: 'a', Value: '1', ResourceId: vpcId, ResourceType: 'vpc' }]);
  await remove({});
  expect(await tags()).toEqual([]);
});

const putTags = (tags: { Key: string; Value: string }[]) =>
  ec2.send(new CreateTagsCommand({ Resources: [vpcId, subnetId], Tags: tags }));

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
test('tags beyond fifty, or of AWS, are refused on all resources of the call', async () => {
  expect(await refusal(putTags([{ Key: 'aws:x', Value: '' }]))).toBe('InvalidParameterValue');
  const many = Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: '' }));
  expect(await refusal(putTags(many))).toBe('TagLimitExceeded');
  expect(await subnetsBy('tag-key', 'k0')).toEqual([]);
});

// docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
test('a subnet has five addresses fewer than its block, and one fewer with each interface', async () => {
  const free = async () =>
    (await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnetId] }))).Subnets?.[0]?.AvailableIpAddressCount;
  expect(await free()).toBe(251);
  await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnetId, SecondaryPrivateIpAddressCount: 2 }));
  expect(await free()).toBe(248);
});

test('a small subnet runs out of addresses', async () => {
  const small = await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: '10.0.9.0/28' }));
  const SubnetId = small.Subnet?.SubnetId;
  const take = (count: number) =>
    ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, SecondaryPrivateIpAddressCount: count - 1 }));
  await take(11);
  expect(await refusal(take(1))).toBe('InsufficientFreeAddressesInSubnet');
  const found = await ec2.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'subnet-id', Values: [SubnetId ?? ''] }] }),
  );
  const addresses = found.NetworkInterfaces?.[0]?.PrivateIpAddresses?.map((entry) => entry.PrivateIpAddress);
  expect(addresses?.at(0)).toBe('10.0.9.4');
  expect(addresses?.at(-1)).toBe('10.0.9.14');
});

test('blocks that do not fit are refused', async () => {
  const subnet = (CidrBlock: string) => refusal(ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock })));
  expect(await subnet('10.0.0.128/25')).toBe('InvalidSubnet.Conflict');
  expect(await subnet('10.1.0.0/24')).toBe('InvalidSubnet.Range');
  expect(await subnet('10.0.1.0/29')).toBe('InvalidSubnet.Range');
  expect(await subnet('10.0.1.0')).toBe('InvalidParameterValue');
  expect(await refusal(ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/8' })))).toBe('InvalidVpc.Range');
});

test('IPv6 is there when it is asked for', async () => {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.2.0.0/16', AmazonProvidedIpv6CidrBlock: true }));
  const block = Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock ?? '';
  expect(block).toMatch(/::\/56$/);
  const Ipv6CidrBlock = block.replace('/56', '/64');
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.2.0.0/24', Ipv6CidrBlock }),
  );
  const made = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId, Ipv6AddressCount: 1 }));
  expect(made.NetworkInterface?.Ipv6Addresses?.[0]?.Ipv6Address).toMatch(/^2600:1f/);
});

// docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
test('a region has three zones with names and ids', async () => {
  const { AvailabilityZones } = await ec2.send(new DescribeAvailabilityZonesCommand({}));
  expect(AvailabilityZones?.map((zone) => [zone.ZoneName, zone.ZoneId])).toEqual([
    ['us-east-1a', 'use1-az1'],
    ['us-east-1b', 'use1-az2'],
    ['us-east-1c', 'use1-az3'],
  ]);
});
