import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DetachNetworkInterfaceCommand,
  ModifyNetworkInterfaceAttributeCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { beforeAll, expect, test } from 'vitest';
import { refusal, TestClock } from '../testing/client.ts';
import { ec2UnderTest } from '../testing/ec2.ts';
import {
  createLoadBalancerInterfaces,
  deleteLoadBalancerInterfaces,
  updateLoadBalancerInterfaces,
} from './network-interfaces.ts';

const clock = new TestClock();
const { ec2, state: stateOf } = ec2UnderTest({ clock });
let vpcId: string;

beforeAll(async () => {
  vpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
});

let made = 0;
async function place() {
  made += 1;
  const subnet = await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: `10.0.${made}.0/24` }));
  const group = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: `g${made}`, Description: 'x', VpcId: vpcId }),
  );
  return { subnetId: subnet.Subnet?.SubnetId ?? '', groupId: group.GroupId ?? '', network: `10.0.${made}` };
}

async function run(subnetId: string, groupId: string, more: object = {}): Promise<string> {
  const answer = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-12345678',
      MinCount: 1,
      MaxCount: 1,
      InstanceType: 't3.micro',
      SubnetId: subnetId,
      SecurityGroupIds: [groupId],
      ...more,
    }),
  );
  return answer.Instances?.[0]?.InstanceId ?? '';
}

async function instance(id: string) {
  const found = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return found.Reservations?.[0]?.Instances?.[0];
}

const interfacesBy = async (Name: string, ...Values: string[]) =>
  (await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values }] }))).NetworkInterfaces ?? [];

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
test('an instance is pending, then running, and leads to its interface and its groups', async () => {
  const { subnetId, groupId, network } = await place();
  const id = await run(subnetId, groupId);
  expect((await instance(id))?.State).toEqual({ Code: 0, Name: 'pending' });
  clock.advance(1);
  const running = await instance(id);
  expect(running?.State).toEqual({ Code: 16, Name: 'running' });
  expect(running?.PrivateIpAddress).toBe(`${network}.4`);
  expect(running?.PrivateDnsName).toBe(`ip-${network.replaceAll('.', '-')}-4.ec2.internal`);
  expect(running?.SecurityGroups?.[0]?.GroupId).toBe(groupId);
  const [nic] = await interfacesBy('attachment.instance-id', id);
  expect(nic?.NetworkInterfaceId).toBe(running?.NetworkInterfaces?.[0]?.NetworkInterfaceId);
  expect(nic?.Groups?.[0]?.GroupId).toBe(groupId);
});

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
test('a terminated instance is shown for an hour, and its subnet and group are free at once', async () => {
  const { subnetId, groupId } = await place();
  const id = await run(subnetId, groupId);
  expect(await refusal(ec2.send(new DeleteSecurityGroupCommand({ GroupId: groupId })))).toBe('DependencyViolation');
  expect(await refusal(ec2.send(new DeleteSubnetCommand({ SubnetId: subnetId })))).toBe('DependencyViolation');
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  clock.advance(1);
  expect((await instance(id))?.State?.Name).toBe('terminated');
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: groupId }));
  await ec2.send(new DeleteSubnetCommand({ SubnetId: subnetId }));
  clock.advance(3700);
  expect(await refusal(instance(id))).toBe('InvalidInstanceID.NotFound');
});

// docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
test('a repeated request with the same client token starts nothing new', async () => {
  const { subnetId, groupId } = await place();
  const first = await run(subnetId, groupId, { ClientToken: 'once' });
  expect(await run(subnetId, groupId, { ClientToken: 'once' })).toBe(first);
});

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssignPrivateIpAddresses.html
test("a pod's address leads to the interface that holds it until it is unassigned", async () => {
  const { subnetId, groupId, network } = await place();
  await run(subnetId, groupId);
  const [nic] = await interfacesBy('subnet-id', subnetId);
  const NetworkInterfaceId = nic?.NetworkInterfaceId;
  const pod = `${network}.77`;
  await ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: [pod] }));
  expect((await interfacesBy('addresses.private-ip-address', pod))[0]?.NetworkInterfaceId).toBe(NetworkInterfaceId);
  expect(await interfacesBy('private-ip-address', pod)).toEqual([]);
  const other = (address: string) =>
    refusal(ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnetId, PrivateIpAddress: address })));
  expect(await other(pod)).toBe('InvalidIPAddress.InUse');
  expect(await other('10.200.0.1')).toBe('InvalidParameterValue');
  await ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: [pod] }));
  expect(await interfacesBy('addresses.private-ip-address', pod)).toEqual([]);
});

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html
test('addresses of a delegated prefix are in use, and lead to the instance by the prefix alone', async () => {
  const { subnetId, groupId, network } = await place();
  const id = await run(subnetId, groupId);
  const [nic] = await interfacesBy('subnet-id', subnetId);
  const NetworkInterfaceId = nic?.NetworkInterfaceId;
  const assign = (more: { Ipv4Prefixes?: string[]; Ipv4PrefixCount?: number }) =>
    ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, ...more }));
  const named = await assign({ Ipv4Prefixes: [`${network}.64/28`] });
  expect(named.AssignedIpv4Prefixes).toEqual([{ Ipv4Prefix: `${network}.64/28` }]);
  const chosen = await assign({ Ipv4PrefixCount: 1 });
  expect(chosen.AssignedIpv4Prefixes).toEqual([{ Ipv4Prefix: `${network}.16/28` }]);
  expect(await refusal(assign({ Ipv4Prefixes: [`${network}.64/28`] }))).toBe('InvalidIPAddress.InUse');
  expect(await refusal(assign({ Ipv4Prefixes: [`${network}.64/27`] }))).toBe('InvalidParameterValue');
  const pod = `${network}.70`;
  expect(await interfacesBy('addresses.private-ip-address', pod)).toEqual([]);
  const taking = ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnetId, PrivateIpAddress: pod }));
  expect(await refusal(taking)).toBe('InvalidIPAddress.InUse');
  const Filters = [{ Name: 'network-interface.ipv4-prefixes.ipv4-prefix', Values: [`${network}.64/28`] }];
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters }));
  const [found] = Reservations?.flatMap(({ Instances = [] }) => Instances) ?? [];
  expect(found?.InstanceId).toBe(id);
  expect(found?.NetworkInterfaces?.[0]?.Ipv4Prefixes?.map(({ Ipv4Prefix }) => Ipv4Prefix)).toEqual([
    `${network}.64/28`,
    `${network}.16/28`,
  ]);
});

test('a second interface is attached, and its groups change', async () => {
  const { subnetId, groupId } = await place();
  const { groupId: otherGroup } = await place();
  const InstanceId = await run(subnetId, groupId);
  const { NetworkInterface } = await ec2.send(
    new CreateNetworkInterfaceCommand({ SubnetId: subnetId, Groups: [groupId], Description: 'pods' }),
  );
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId;
  await ec2.send(new AttachNetworkInterfaceCommand({ InstanceId, NetworkInterfaceId, DeviceIndex: 1 }));
  await ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups: [otherGroup] }));
  const found = await interfacesBy('group-id', otherGroup);
  expect(found.map((nic) => [nic.Description, nic.Attachment?.InstanceId])).toEqual([['pods', InstanceId]]);
  expect((await instance(InstanceId))?.NetworkInterfaces).toHaveLength(2);
  const remove = () => ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  expect(await refusal(remove())).toBe('InvalidNetworkInterface.InUse');
  const detach = (AttachmentId: string | undefined) => ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
  const [primary] = (await instance(InstanceId))?.NetworkInterfaces ?? [];
  expect(await refusal(detach(primary?.Attachment?.AttachmentId))).toBe('OperationNotPermitted');
  await detach(found[0]?.Attachment?.AttachmentId);
  await remove();
  expect((await instance(InstanceId))?.NetworkInterfaces).toHaveLength(1);
});

test('groups of another VPC and more than five groups are refused', async () => {
  const { subnetId } = await place();
  const other = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.3.0.0/16' }));
  const foreign = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'foreign', Description: 'x', VpcId: other.Vpc?.VpcId }),
  );
  const create = (Groups: string[]) =>
    refusal(ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnetId, Groups })));
  expect(await create([foreign.GroupId ?? ''])).toBe('InvalidGroup.NotFound');
  const groups: string[] = [];
  for (let index = 0; index < 6; index += 1) groups.push((await place()).groupId);
  expect(await create(groups)).toBe('SecurityGroupsPerInterfaceLimitExceeded');
});

// docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-subnets.html
test("a load balancer's interfaces hold its subnets and groups until they are gone", async () => {
  const [a, b] = [await place(), await place()];
  const state = stateOf();
  const arnSuffix = 'app/web/0123456789abcdef';
  createLoadBalancerInterfaces(state, { arnSuffix, subnets: [a, b], securityGroupIds: [a.groupId], dualstack: false });
  const found = await interfacesBy('description', 'ELB app/web/*');
  expect(found.map((nic) => [nic.SubnetId, nic.PrivateIpAddress, nic.RequesterId, nic.Status])).toEqual([
    [a.subnetId, `${a.network}.4`, 'amazon-elb', 'in-use'],
    [b.subnetId, `${b.network}.4`, 'amazon-elb', 'in-use'],
  ]);
  const remove = () => ec2.send(new DeleteSubnetCommand({ SubnetId: b.subnetId }));
  expect(await refusal(remove())).toBe('DependencyViolation');
  const nic = found[0]?.NetworkInterfaceId;
  expect(await refusal(ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: nic })))).toBe(
    'OperationNotPermitted',
  );
  updateLoadBalancerInterfaces(state, { arnSuffix, subnets: [a], securityGroupIds: [b.groupId], dualstack: false });
  await remove();
  expect((await interfacesBy('description', 'ELB app/web/*')).map((left) => left.NetworkInterfaceId)).toEqual([nic]);
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: a.groupId }));
  deleteLoadBalancerInterfaces(state, arnSuffix);
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: b.groupId }));
});

test('a VPC goes once nothing but its own group and route table is left in it', async () => {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.4.0.0/16' }));
  const VpcId = Vpc?.VpcId;
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.4.0.0/24' }));
  expect(await refusal(ec2.send(new DeleteVpcCommand({ VpcId })))).toBe('DependencyViolation');
  await ec2.send(new DeleteSubnetCommand({ SubnetId: Subnet?.SubnetId }));
  await ec2.send(new DeleteVpcCommand({ VpcId }));
  expect(await refusal(ec2.send(new DeleteVpcCommand({ VpcId })))).toBe('InvalidVpcID.NotFound');
});
