import { afterEach, beforeEach, expect, test } from 'vitest';
import { discoverNetwork, groupsOfAddresses, nodeSecurityGroups, vpcOfInstances } from './discover.ts';
import { awsUnderTest, type Controller } from './testing/aws-under-test.ts';

let it: Awaited<ReturnType<typeof awsUnderTest>>;
let controller: Controller;
beforeEach(async () => {
  it = await awsUnderTest();
  controller = await it.start();
});
afterEach(() => it.close());

test('the VPC is that of a node, and its subnets are public where a route leads to an internet gateway', async () => {
  const { vpcId, region, publicSubnetIds, privateSubnetIds, nodes } = it.seed;
  const unknown = Array.from({ length: 300 }, (_, index) => `i-0${String(index).padStart(16, '0')}`);
  it.aws.calls.zero();
  expect(await vpcOfInstances(controller.clients, ['i-0123456789abcdef0', nodes[0]?.instanceId ?? ''])).toBe(vpcId);
  expect(await vpcOfInstances(controller.clients, unknown)).toBeUndefined();
  expect(it.aws.calls.counts().total).toBe(2);
  const place = { vpcId, region, backendSecurityGroupId: 'sg-1' };
  const network = await discoverNetwork(controller.clients, place);
  const ids = (isPublic: boolean) => network.subnets.filter((subnet) => subnet.public === isPublic).map(({ id }) => id);
  expect(ids(true).toSorted()).toEqual(publicSubnetIds.toSorted());
  expect(ids(false).toSorted()).toEqual(privateSubnetIds.toSorted());
  expect(network.subnets[0]).toMatchObject({ ipv6: true, tags: { 'kubernetes.io/role/elb': '1' } });
  expect(network.subnets[0]?.availableIpAddresses).toBeGreaterThan(4000);
});

test("a node's and a pod's security group is the one that the cluster's tag names", async () => {
  const { nodes, nodeSecurityGroupId } = it.seed;
  const ids = [...nodes.map(({ instanceId }) => instanceId), 'i-0123456789abcdef0'];
  const groups = await nodeSecurityGroups(controller.clients, ids, 'demo');
  expect([...groups]).toEqual(nodes.map(({ instanceId }) => [instanceId, nodeSecurityGroupId]));
  const address = nodes[0]?.privateIp ?? '';
  const byAddress = await groupsOfAddresses(controller.clients, [address, '10.0.200.1'], 'demo');
  expect([...byAddress]).toEqual([[address, nodeSecurityGroupId]]);
});
