import { AllocateAddressCommand, AssociateAddressCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import type { SubnetAddresses } from '../../api/load-balancer-configuration.ts';
import { AwsError } from '../errors.ts';
import { type Controller, eachTestOnAws } from '../testing/aws-under-test.ts';
import { type NetworkGateway, networkGateway } from '../testing/network-gateway.ts';

const rig = eachTestOnAws();

const model = (wanted: NetworkGateway) => networkGateway(rig.seed, { listeners: { 53: 'TCP' }, ...wanted });

const placesInAws = () =>
  [...rig.aws.world().elbv2.loadBalancers.values()].flatMap(({ subnets }) =>
    subnets.map(({ subnetId, allocationId, privateIPv4Address }) => [subnetId, allocationId ?? privateIPv4Address]),
  );

const allocate = async ({ clients }: Controller) =>
  (await clients.ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }))).AllocationId ?? '';

/** Applies these addresses, which AWS would refuse after the NLB has left the zone. */
async function expectRefused(controller: Controller, wanted: NetworkGateway, why: string): Promise<void> {
  const before = placesInAws();
  const { problems } = await controller.apply(model(wanted));
  expect(problems).toMatchObject([
    { kind: 'cloud-refused', code: 'ResourceInUse', detail: expect.stringContaining(why) },
  ]);
  expect(placesInAws()).toEqual(before);
}

test('an NLB does not leave a zone for an Elastic IP that something else has, or that does not exist', async () => {
  const controller = await rig.start();
  const [a, b, c] = [await allocate(controller), await allocate(controller), await allocate(controller)];
  const [first = '', second = ''] = rig.seed.publicSubnetIds.toSorted();
  const at = (allocation: string): NetworkGateway => ({
    scheme: 'internet-facing',
    subnets: [first, second],
    addresses: [
      { subnet: first, allocation: a },
      { subnet: second, allocation },
    ],
  });
  await controller.apply(model(at(b)));
  const { id: NetworkInterfaceId = '', attachment } = nodeInterfaces()[0] ?? {};
  await controller.clients.ec2.send(new AssociateAddressCommand({ AllocationId: c, NetworkInterfaceId }));
  await expectRefused(controller, at(c), `${c} is in use by ${attachment?.instanceId}`);
  await expectRefused(controller, at('eipalloc-0123456789abcdef0'), 'eipalloc-0123456789abcdef0 does not exist');
  const local = [...rig.aws.world().ec2.elasticIps.values()].find(({ id }) => id === c);
  if (local === undefined) throw new Error('Expected an Elastic IP');
  const moved = { ...local, networkInterfaceId: undefined, networkBorderGroup: 'us-east-1-bos-1' };
  rig.aws.world().ec2.elasticIps.set(c, moved);
  await expectRefused(controller, at(c), `${c} is in the network border group us-east-1-bos-1`);
});

test('an NLB does not exchange the Elastic IPs of two subnets, because each is in use until the other is free', async () => {
  const controller = await rig.start();
  const [a, b] = [await allocate(controller), await allocate(controller)];
  await controller.apply(model(atElasticIps(a, b)));
  await expectRefused(controller, atElasticIps(b, a), 'can move to');
});

test('an NLB does not leave a zone for a private address that something else has', async () => {
  const controller = await rig.start();
  const { id = '', subnetId: first = '', privateIpAddresses = [] } = nodeInterfaces()[0] ?? {};
  const second = rig.seed.privateSubnetIds.find((each) => each !== first) ?? '';
  const at = (...addresses: readonly SubnetAddresses[]): NetworkGateway => ({
    subnets: [first, second].toSorted(),
    addresses,
  });
  await controller.apply(model(at()));
  const [privateIpv4 = ''] = privateIpAddresses;
  await expectRefused(controller, at({ subnet: first, privateIpv4 }), `${privateIpv4} is in use by ${id}`);
});

test('an NLB does not leave a zone for a private address in a prefix of a node', async () => {
  const controller = await rig.start();
  const [node] = nodeInterfaces();
  if (node === undefined) throw new Error('Expected the interface of a node');
  node.ipv4Prefixes = ['10.0.50.240/28'];
  const { id, subnetId: subnet } = node;
  const subnets = [subnet, rig.seed.privateSubnetIds.find((each) => each !== subnet) ?? ''].toSorted();
  await controller.apply(model({ subnets }));
  const addresses = [{ subnet, privateIpv4: '10.0.50.250' }];
  await expectRefused(controller, { subnets, addresses }, `10.0.50.250 is in use by ${id}`);
});

test('if AWS refuses the second call, the NLB gets back the zone that it has left', async () => {
  const controller = await rig.start();
  const [a, b, c] = [await allocate(controller), await allocate(controller), await allocate(controller)];
  await controller.apply(model(atElasticIps(a, b)));
  const before = placesInAws();
  refuse(controller, c);
  const { problems } = await controller.apply(model(atElasticIps(a, c)));
  expect(problems).toMatchObject([{ kind: 'cloud-refused', code: 'ResourceInUse' }]);
  expect(placesInAws()).toEqual(before);
});

/** A Gateway with one of these Elastic IPs in each of its subnets. */
function atElasticIps(...allocations: readonly string[]): NetworkGateway {
  const subnets = rig.seed.publicSubnetIds.toSorted().slice(0, allocations.length);
  const addresses = allocations.map((allocation, index) => ({ subnet: subnets[index] ?? '', allocation }));
  return { scheme: 'internet-facing', subnets, addresses };
}

/** AWS refuses this Elastic IP, although it is free. */
function refuse({ clients }: Controller, allocation: string): void {
  clients.elbv2.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        if (commandName !== 'SetSubnetsCommand' || !JSON.stringify(args.input).includes(allocation)) return next(args);
        const action = 'elasticloadbalancing:SetSubnets';
        throw new AwsError({ action, code: 'ResourceInUse', kind: 'in-use', detail: 'no' });
      },
    { step: 'initialize', name: 'refusing' },
  );
}

const nodeInterfaces = () =>
  [...rig.aws.world().ec2.networkInterfaces.values()].filter(({ attachment }) => attachment !== undefined);
