// docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html, load-balancer-security-groups.html
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  CreateSubnetCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  DisassociateAddressCommand,
  ModifyAvailabilityZoneGroupCommand,
  ReleaseAddressCommand,
} from '@aws-sdk/client-ec2';
import {
  type CreateLoadBalancerCommandInput,
  DeleteLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  SetIpAddressTypeCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
  type SetSubnetsCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { Embedded, present } from '../testing/embedded.ts';

const invalid = 'InvalidConfigurationRequestException';

const network = (aws: Embedded, input: Partial<CreateLoadBalancerCommandInput> = {}) =>
  aws.loadBalancer({ Type: 'network', ...input });

async function describe(aws: Embedded, arn: string) {
  const described = await aws.elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }));
  return present(described.LoadBalancers?.[0]);
}

const setSubnets = (aws: Embedded, LoadBalancerArn: string, input: Omit<SetSubnetsCommandInput, 'LoadBalancerArn'>) =>
  aws.elb.send(new SetSubnetsCommand({ LoadBalancerArn, ...input }));

async function allocate(aws: Embedded) {
  const { AllocationId, PublicIp } = await aws.ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
  return { AllocationId: present(AllocationId), PublicIp: present(PublicIp) };
}

const subnets = (aws: Embedded) => {
  const [a = '', b = '', c = ''] = aws.seed.publicSubnetIds;
  return [a, b, c] as const;
};

/** The SubnetMapping of each zone. */
async function mapped(aws: Embedded, arn: string) {
  const { AvailabilityZones = [] } = await describe(aws, arn);
  return AvailabilityZones.map(({ SubnetId, LoadBalancerAddresses }) => [SubnetId, LoadBalancerAddresses?.[0]]);
}

test('a Network Load Balancer stands in one zone or more, without security groups unless it is given some', async () => {
  await using aws = await Embedded.start();
  const [a] = subnets(aws);
  const arn = await network(aws, { Subnets: [a] });
  expect(arn).toContain(':loadbalancer/net/web/');
  const described = await describe(aws, arn);
  expect(described).toMatchObject({ Type: 'network', EnablePrefixForIpv6SourceNat: 'off' });
  expect(described.DNSName).toMatch(/^web-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com$/);
  expect(described.SecurityGroups ?? []).toEqual([]);
  expect(described.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic).toBeUndefined();
});

test('security groups change only where there were some from the start', async () => {
  await using aws = await Embedded.start();
  const SecurityGroups = [aws.seed.nodeSecurityGroupId];
  const set = (LoadBalancerArn: string) =>
    aws.elb.send(
      new SetSecurityGroupsCommand({
        LoadBalancerArn,
        SecurityGroups,
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: 'off',
      }),
    );
  const guarded = await network(aws, { SecurityGroups });
  expect((await describe(aws, guarded)).EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic).toBe('on');
  await set(guarded);
  expect(await describe(aws, guarded)).toMatchObject({
    SecurityGroups,
    EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: 'off',
  });
  expect(await refusal(set(await network(aws, { Name: 'bare' })))).toBe(invalid);
  expect(await refusal(set(await aws.loadBalancer({ Name: 'app' })))).toBe(invalid);
});

test('an Elastic IP is described with its zone, and is free again when the load balancer is deleted', async () => {
  await using aws = await Embedded.start();
  const [a, b] = subnets(aws);
  const [first, second] = [await allocate(aws), await allocate(aws)];
  const SubnetMappings = [
    { SubnetId: a, AllocationId: first.AllocationId },
    { SubnetId: b, AllocationId: second.AllocationId },
  ];
  const arn = await network(aws, { SubnetMappings });
  expect(await network(aws, { SubnetMappings })).toBe(arn);
  expect(await mapped(aws, arn)).toEqual([
    [a, { AllocationId: first.AllocationId, IpAddress: first.PublicIp }],
    [b, { AllocationId: second.AllocationId, IpAddress: second.PublicIp }],
  ]);
  const AllocationIds = [first.AllocationId];
  const owner = async () => (await aws.ec2.send(new DescribeAddressesCommand({ AllocationIds }))).Addresses?.[0];
  expect((await owner())?.NetworkInterfaceId).toMatch(/^eni-/);
  const release = () => aws.ec2.send(new ReleaseAddressCommand({ AllocationId: first.AllocationId }));
  expect(await refusal(release())).toBe('InvalidIPAddress.InUse');
  expect(await refusal(network(aws, { Name: 'two', SubnetMappings }))).toBe('ResourceInUseException');
  await aws.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
  expect((await owner())?.NetworkInterfaceId).toBeUndefined();
  await release();
});

test('a private address is that of the network interface, and needs no eight free ones beside it', async () => {
  await using aws = await Embedded.start();
  const [AvailabilityZone, CidrBlock] = ['us-east-1a', '10.0.255.0/28'];
  const { Subnet } = await aws.ec2.send(
    new CreateSubnetCommand({ VpcId: aws.seed.vpcId, CidrBlock, AvailabilityZone }),
  );
  const SubnetId = present(Subnet?.SubnetId);
  const internal = (Name: string, PrivateIPv4Address: string) =>
    network(aws, { Name, Scheme: 'internal', SubnetMappings: [{ SubnetId, PrivateIPv4Address }] });
  for (const host of [4, 5, 6, 7, 8, 9]) await internal(`n-${host}`, `10.0.255.${host}`);
  expect(await mapped(aws, await internal('n-10', '10.0.255.10'))).toEqual([
    [SubnetId, { PrivateIPv4Address: '10.0.255.10' }],
  ]);
  const Filters = [{ Name: 'addresses.private-ip-address', Values: ['10.0.255.10'] }];
  const { NetworkInterfaces } = await aws.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
  expect(NetworkInterfaces?.[0]?.Description).toMatch(/^ELB net\/n-10\//);
  expect(await refusal(internal('again', '10.0.255.10'))).toBe('ResourceInUseException');
  expect(await refusal(internal('outside', '10.0.0.10'))).toBe(invalid);
  expect(await refusal(internal('reserved', '10.0.255.1'))).toBe(invalid);
});

test.each<[string, Partial<CreateLoadBalancerCommandInput>, object, string]>([
  ['an absent allocation', {}, { AllocationId: 'eipalloc-0123456789abcdef0' }, 'AllocationIdNotFoundException'],
  ['an Elastic IP inside', { Scheme: 'internal' }, { AllocationId: 'eipalloc-0123456789abcdef0' }, invalid],
  ['a private address outside', {}, { PrivateIPv4Address: '10.0.0.10' }, invalid],
  ['an IPv6 address without dualstack', {}, { IPv6Address: '2001:db8::1' }, invalid],
  ['an IPv6 address of another block', { IpAddressType: 'dualstack' }, { IPv6Address: '2001:db8::1' }, invalid],
  ['an address of an Application Load Balancer', { Type: 'application' }, { PrivateIPv4Address: '10.0.0.10' }, invalid],
  [
    'a source NAT prefix without its switch',
    { IpAddressType: 'dualstack' },
    { SourceNatIpv6Prefix: 'auto_assigned' },
    invalid,
  ],
])('a subnet mapping with %s is refused', async (_, input, mapping, error) => {
  await using aws = await Embedded.start();
  const SubnetMappings = subnets(aws).map((SubnetId) => ({ SubnetId, ...mapping }));
  expect(await refusal(network(aws, { ...input, SubnetMappings }))).toBe(error);
});

test('zones come and go, and what stays keeps its address, which cannot be changed', async () => {
  await using aws = await Embedded.start();
  const [a, b, c] = subnets(aws);
  const [first, second] = [await allocate(aws), await allocate(aws)];
  const one = { SubnetId: a, AllocationId: first.AllocationId };
  const arn = await network(aws, { SubnetMappings: [one, { SubnetId: b }] });
  await setSubnets(aws, arn, { SubnetMappings: [one, { SubnetId: c, AllocationId: second.AllocationId }] });
  expect(await mapped(aws, arn)).toEqual([
    [a, { AllocationId: first.AllocationId, IpAddress: first.PublicIp }],
    [c, { AllocationId: second.AllocationId, IpAddress: second.PublicIp }],
  ]);
  await setSubnets(aws, arn, { Subnets: [a] });
  expect(await mapped(aws, arn)).toEqual([[a, { AllocationId: first.AllocationId, IpAddress: first.PublicIp }]]);
  const other = [{ SubnetId: a, AllocationId: second.AllocationId }];
  expect(await refusal(setSubnets(aws, arn, { SubnetMappings: other }))).toBe(invalid);
  await aws.ec2.send(new ReleaseAddressCommand({ AllocationId: second.AllocationId }));
});

test('a zone’s subnet is replaced in two steps: removed first, then added', async () => {
  await using aws = await Embedded.start();
  const [a, b] = subnets(aws);
  const { VpcId, CidrBlock } = { VpcId: aws.seed.vpcId, CidrBlock: '10.0.255.0/24' };
  const made = await aws.ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: 'us-east-1a' }));
  const other = present(made.Subnet?.SubnetId);
  const arn = await network(aws, { Subnets: [a, b] });
  expect(await refusal(setSubnets(aws, arn, { Subnets: [other, b] }))).toBe(invalid);
  await setSubnets(aws, arn, { Subnets: [b] });
  await setSubnets(aws, arn, { Subnets: [other, b] });
  expect((await mapped(aws, arn)).map(([id]) => id)).toEqual([other, b]);
});

test('an Elastic IP of a Local Zone, one that an instance has, and a subnet of a Local Zone are refused', async () => {
  await using aws = await Embedded.start();
  const NetworkBorderGroup = 'us-east-1-bos-1';
  const allocateThere = () => aws.ec2.send(new AllocateAddressCommand({ Domain: 'vpc', NetworkBorderGroup }));
  expect(await refusal(allocateThere())).toBe('InvalidParameterValue');
  const optIn = new ModifyAvailabilityZoneGroupCommand({ GroupName: NetworkBorderGroup, OptInStatus: 'opted-in' });
  await aws.ec2.send(optIn);
  const [a] = subnets(aws);
  const withAddress = (AllocationId: string) => network(aws, { SubnetMappings: [{ SubnetId: a, AllocationId }] });
  expect(await refusal(withAddress(present((await allocateThere()).AllocationId)))).toBe(invalid);

  const { AllocationId, PublicIp } = await allocate(aws);
  const Filters = [{ Name: 'attachment.instance-id', Values: [aws.seed.nodes[0]?.instanceId ?? ''] }];
  const { NetworkInterfaces } = await aws.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
  const NetworkInterfaceId = NetworkInterfaces?.[0]?.NetworkInterfaceId;
  const { AssociationId } = await aws.ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId }));
  expect(await refusal(withAddress(AllocationId))).toBe('ResourceInUseException');
  const { Addresses } = await aws.ec2.send(new DescribeAddressesCommand({ PublicIps: [PublicIp] }));
  expect(Addresses?.[0]).toMatchObject({ AllocationId, AssociationId, NetworkBorderGroup: 'us-east-1' });
  await aws.ec2.send(new DisassociateAddressCommand({ AssociationId }));
  await withAddress(AllocationId);
  const again = aws.ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId }));
  expect(await refusal(again)).toBe('AuthFailure');
  const absent = aws.ec2.send(new DescribeAddressesCommand({ PublicIps: ['198.51.100.1'] }));
  expect(await refusal(absent)).toBe('InvalidAddress.NotFound');

  const local = { VpcId: aws.seed.vpcId, CidrBlock: '10.0.255.0/24', AvailabilityZone: `${NetworkBorderGroup}a` };
  const made = await aws.ec2.send(new CreateSubnetCommand(local));
  const there = network(aws, { Name: 'local', Subnets: [present(made.Subnet?.SubnetId)] });
  expect(await refusal(there)).toBe(invalid);
});

test('a dual-stack NLB needs subnets with IPv6, and shows the prefixes of its source NAT', async () => {
  await using aws = await Embedded.start();
  const { VpcId, CidrBlock } = { VpcId: aws.seed.vpcId, CidrBlock: '10.0.255.0/24' };
  const made = await aws.ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: 'us-east-1a' }));
  const plain = await network(aws, { Name: 'plain', Subnets: [present(made.Subnet?.SubnetId)] });
  const dualstack = new SetIpAddressTypeCommand({ LoadBalancerArn: plain, IpAddressType: 'dualstack' });
  expect(await refusal(aws.elb.send(dualstack))).toBe(invalid);
  expect(await refusal(network(aws, { EnablePrefixForIpv6SourceNat: 'on' }))).toBe(invalid);
  const arn = await network(aws, { IpAddressType: 'dualstack', EnablePrefixForIpv6SourceNat: 'on' });
  const { AvailabilityZones } = await describe(aws, arn);
  expect(AvailabilityZones?.[0]?.SourceNatIpv6Prefixes).toEqual([expect.stringMatching(/::\/80$/)]);
});
