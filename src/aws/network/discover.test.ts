import { CreateSubnetCommand, ModifyAvailabilityZoneGroupCommand } from '@aws-sdk/client-ec2';
import { CreateLoadBalancerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeEach, expect, test } from 'vitest';
import { type Controller, eachTestOnAws } from '../testing/aws-under-test.ts';
import { discoverNetwork, vpcOfInstances, zoneTypeOf } from './discover.ts';

const rig = eachTestOnAws();

let controller: Controller;
beforeEach(async () => {
  controller = await rig.start();
});

test('the VPC is that of a node, and its subnets are public where a route leads to an internet gateway', async () => {
  const { vpcId, region, publicSubnetIds, privateSubnetIds, nodes } = rig.seed;
  const unknown = Array.from({ length: 300 }, (_, index) => `i-0${String(index).padStart(16, '0')}`);
  rig.aws.calls.zero();
  expect(await vpcOfInstances(controller.clients, ['i-0123456789abcdef0', nodes[0]?.instanceId ?? ''])).toBe(vpcId);
  expect(await vpcOfInstances(controller.clients, unknown)).toBeUndefined();
  expect(rig.aws.calls.counts().total).toBe(2);
  const place = { vpcId, region, backendSecurityGroupId: 'sg-1' };
  const network = await discoverNetwork(controller.clients, place);
  const ids = (isPublic: boolean) => network.subnets.filter((subnet) => subnet.public === isPublic).map(({ id }) => id);
  expect(ids(true).toSorted()).toEqual(publicSubnetIds.toSorted());
  expect(ids(false).toSorted()).toEqual(privateSubnetIds.toSorted());
  expect(network.subnets[0]).toMatchObject({ ipv6: true, tags: { 'kubernetes.io/role/elb': '1' } });
  expect(network.subnets[0]?.availableIpAddresses).toBeGreaterThan(4000);
  const { cidrBlock, ipv6 } = rig.aws.world().ec2.subnets.get(network.subnets[0]?.id ?? '') ?? {};
  expect(network.subnets[0]?.cidrBlocks).toEqual([cidrBlock, ipv6?.cidrBlock]);
});

test.each([
  ['us-east-1a', 'availability-zone'],
  ['us-gov-west-1b', 'availability-zone'],
  ['ap-southeast-2c', 'availability-zone'],
  ['us-west-2-lax-1a', 'local-zone'],
  ['us-east-1-wl1-bos-wlz-1', 'wavelength-zone'],
])('%s is a zone of the type %s', (zone, type) => {
  expect(zoneTypeOf(zone)).toBe(type);
});

test('the type of a zone costs no extra call, and AWS refuses to mix types', async () => {
  const { vpcId, region, privateSubnetIds } = rig.seed;
  const { ec2, elbv2 } = controller.clients;
  await ec2.send(new ModifyAvailabilityZoneGroupCommand({ GroupName: `${region}-bos-1`, OptInStatus: 'opted-in' }));
  const made = async (CidrBlock: string, AvailabilityZone: string, OutpostArn?: string) => {
    const input = { VpcId: vpcId, CidrBlock, AvailabilityZone, OutpostArn };
    return (await ec2.send(new CreateSubnetCommand(input))).Subnet?.SubnetId ?? '';
  };
  const local = await made('10.0.240.0/24', `${region}-bos-1a`);
  const outpost = await made(
    '10.0.241.0/24',
    `${region}a`,
    `arn:aws:outposts:${region}:123456789012:outpost/op-0123456789abcdef0`,
  );
  rig.aws.calls.zero();
  const { subnets } = await discoverNetwork(controller.clients, { vpcId, region, backendSecurityGroupId: 'sg-1' });
  expect(rig.aws.calls.counts().total).toBe(2);
  const typeOf = (id: string | undefined) => subnets.find((subnet) => subnet.id === id)?.zoneType;
  expect([local, outpost, privateSubnetIds[0]].map(typeOf)).toEqual(['local-zone', 'outpost', 'availability-zone']);
  const create = (Name: string, Subnets: (string | undefined)[]) =>
    elbv2.send(new CreateLoadBalancerCommand({ Name, Scheme: 'internal', Subnets: Subnets.flatMap((id) => id ?? []) }));
  const refused = { code: 'InvalidConfigurationRequest' };
  await expect(create('mixed', [local, privateSubnetIds[0]])).rejects.toMatchObject(refused);
  await expect(create('mixed', [outpost, privateSubnetIds[1]])).rejects.toMatchObject(refused);
  const { LoadBalancers: [alone] = [] } = await create('local', [local]);
  expect(alone?.AvailabilityZones?.map(({ ZoneName }) => ZoneName)).toEqual([`${region}-bos-1a`]);
  const { LoadBalancers: [there] = [] } = await create('outpost', [outpost]);
  expect(there?.AvailabilityZones?.[0]?.OutpostId).toBe('op-0123456789abcdef0');
});
