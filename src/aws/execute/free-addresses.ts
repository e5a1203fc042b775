// Whether the addresses that an NLB is to have are free.
import { DescribeAddressesCommand } from '@aws-sdk/client-ec2';
import type { LoadBalancer } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsClients } from '../clients.ts';
import { AwsError } from '../errors.ts';
import type { LoadBalancerResource } from '../model/resources.ts';
import { interfacesOfAddresses } from '../network/interfaces.ts';

/**
 * To be called before the NLB leaves a zone for another address there. If AWS then refused the address, the NLB would stay out of
 * the zone.
 * @throws AwsError if something else has one of the addresses
 */
export async function checkFree(
  clients: AwsClients,
  { addresses = [] }: LoadBalancerResource['spec'],
  { AvailabilityZones = [], VpcId = '' }: LoadBalancer,
): Promise<void> {
  const own = new Set(
    AvailabilityZones.flatMap(({ LoadBalancerAddresses = [] }) => LoadBalancerAddresses).flatMap(
      ({ AllocationId, PrivateIPv4Address }) => [AllocationId, PrivateIPv4Address],
    ),
  );
  const isOther = (address: string | undefined) => address !== undefined && !own.has(address);
  const allocations = addresses.flatMap(({ allocation }) => allocation ?? []).filter(isOther);
  const privates = addresses.flatMap(({ privateIpv4 }) => privateIpv4 ?? []).filter(isOther);
  const [used] = [
    ...(allocations.length === 0 ? [] : await elasticIpsInUse(clients, allocations)),
    ...(privates.length === 0 ? [] : await interfacesOfAddresses(clients, VpcId, privates)).map(
      ({ id, addresses: has }) => `${has.find((each) => privates.includes(each))} is in use by ${id}`,
    ),
  ];
  if (used === undefined) return;
  throw new AwsError({
    action: 'elasticloadbalancing:SetSubnets',
    code: 'ResourceInUse',
    kind: 'in-use',
    detail: `${used}, so the load balancer keeps its subnets and addresses`,
  });
}

async function elasticIpsInUse({ ec2 }: AwsClients, allocations: readonly string[]): Promise<readonly string[]> {
  const Filters = [{ Name: 'allocation-id', Values: [...allocations] }];
  const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ Filters }));
  const found = new Map(Addresses.map((each) => [each.AllocationId, each]));
  return allocations.flatMap((id) => {
    const address = found.get(id);
    if (address === undefined) return `${id} does not exist`;
    const user = address.NetworkInterfaceId ?? address.InstanceId ?? address.AssociationId;
    return user === undefined ? [] : `${id} is in use by ${user}`;
  });
}
