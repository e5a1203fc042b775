import { AllocateAddressCommand, AssociateAddressCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import type { SubnetAddresses } from '../../api/load-balancer-configuration.ts';
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
  const NetworkInterfaceId = nodeInterfaces()[0]?.id ?? '';
  await controller.clients.ec2.send(new AssociateAddressCommand({ AllocationId: c, NetworkInterfaceId }));
  await expectRefused(controller, at(c), `${c} is in use by ${NetworkInterfaceId}`);
  await expectRefused(controller, at('eipalloc-0123456789abcdef0'), 'eipalloc-0123456789abcdef0 does not exist');
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

const nodeInterfaces = () =>
  [...rig.aws.world().ec2.networkInterfaces.values()].filter(({ attachment }) => attachment !== undefined);
