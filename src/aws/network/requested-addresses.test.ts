import { AllocateAddressCommand, AssociateAddressCommand, DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { beforeEach, expect, test } from 'vitest';
import { resourceId } from '../model/naming.ts';
import type { OwnedLoadBalancer } from '../observed.ts';
import { type Controller, eachTestOnAws } from '../testing/aws-under-test.ts';
import { discoverNetwork } from './discover.ts';
import { withRequestedAddresses } from './requested-addresses.ts';

const rig = eachTestOnAws();

let controller: Controller;
beforeEach(async () => {
  controller = await rig.start();
});

const requested = (addresses: readonly string[]) =>
  addresses.map((value, index) => ({ field: `addresses[${index}].value`, value }));

async function factsOf(addresses: readonly string[], owned: readonly OwnedLoadBalancer[] = []) {
  const { region, vpcId } = rig.seed;
  const network = await discoverNetwork(controller.clients, { region, vpcId, backendSecurityGroupId: 'sg-1' });
  rig.aws.calls.zero();
  const found = await withRequestedAddresses(controller.clients, network, owned, requested(addresses));
  return { facts: found.addresses, calls: rig.aws.calls.counts().total };
}

async function elasticIp() {
  const { AllocationId: allocation = '', PublicIp: address = '' } = await controller.clients.ec2.send(
    new AllocateAddressCommand({}),
  );
  return { allocation, address };
}

const interfaceOfNode = async (): Promise<string> => {
  const InstanceIds = [rig.seed.nodes[0]?.instanceId ?? ''];
  const { Reservations: [found] = [] } = await controller.clients.ec2.send(
    new DescribeInstancesCommand({ InstanceIds }),
  );
  return found?.Instances?.[0]?.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '';
};

const nlb = (given: OwnedLoadBalancer['given'] = [], addresses?: readonly string[]): OwnedLoadBalancer => ({
  kind: 'load-balancer',
  arn: 'arn:nlb',
  id: resourceId('load-balancer', 'nlb-internet-facing'),
  tags: {},
  name: 'nlb',
  dnsName: 'nlb.example.com',
  state: 'active',
  subnets: given.map(({ subnet }) => subnet),
  given,
  ...(addresses !== undefined && { addresses }),
});

test('who has an Elastic IP or a private address is known, and nothing of what is not the account’s', async () => {
  const [free, used] = [await elasticIp(), await elasticIp()];
  const NetworkInterfaceId = await interfaceOfNode();
  await controller.clients.ec2.send(new AssociateAddressCommand({ AllocationId: used.allocation, NetworkInterfaceId }));
  const [node] = rig.seed.nodes;
  const { facts, calls } = await factsOf([
    free.address,
    used.address,
    '198.51.100.1',
    node?.privateIp ?? '',
    '10.0.16.250',
  ]);
  expect(facts).toEqual(
    new Map([
      [free.address, { allocation: free.allocation, borderGroup: rig.seed.region }],
      [used.address, { allocation: used.allocation, borderGroup: rig.seed.region, usedBy: node?.instanceId }],
      [node?.privateIp ?? '', { usedBy: NetworkInterfaceId }],
    ]),
  );
  expect(calls).toBe(3);
});

test('the addresses of the Gateway’s own load balancer are free, and AWS is not asked for them', async () => {
  const own = [
    { subnet: 'subnet-a', allocation: 'eipalloc-1' },
    { subnet: 'subnet-b', allocation: 'eipalloc-2' },
  ];
  const { facts, calls } = await factsOf(
    ['198.51.100.2', '198.51.100.1'],
    [nlb(own, ['198.51.100.1', '198.51.100.2'])],
  );
  expect(facts?.get('198.51.100.2')).toEqual({ allocation: 'eipalloc-2' });
  expect(calls).toBe(0);
});

test('a load balancer’s address is free for its Gateway, also if AWS chose the addresses in its other zones', async () => {
  const { allocation, address } = await elasticIp();
  const NetworkInterfaceId = await interfaceOfNode();
  await controller.clients.ec2.send(new AssociateAddressCommand({ AllocationId: allocation, NetworkInterfaceId }));
  const { facts } = await factsOf([address], [nlb([{ subnet: 'subnet-a', allocation }])]);
  expect(facts?.get(address)).toEqual({ allocation, borderGroup: rig.seed.region });
  const address4 = rig.seed.nodes[0]?.privateIp ?? '';
  const own = await factsOf([address4], [nlb([{ subnet: 'subnet-a', privateIpv4: address4 }])]);
  expect(own).toEqual({ facts: new Map([[address4, {}]]), calls: 0 });
});

test('without requested IPv4 addresses nothing is asked', async () => {
  expect(await factsOf([])).toEqual({ facts: undefined, calls: 0 });
  expect(await factsOf(['lb.example.com', '2600:1f18:1:f00::7'])).toEqual({ facts: new Map(), calls: 0 });
});
