// Whether the addresses that an NLB is to have are free.
import type { LoadBalancer } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsClients } from '../clients.ts';
import { AwsError } from '../errors.ts';
import { givenIn } from '../inventory/read.ts';
import type { LoadBalancerResource } from '../model/resources.ts';
import { elasticIps, usersOf } from '../network/address-users.ts';
import type { Placement } from './subnet-changes.ts';

/**
 * To be called before the NLB leaves a zone for another address there. If AWS then refused the address, the NLB would stay out of
 * the zone.
 * @throws AwsError if one of the addresses cannot be had
 */
export async function checkFree(
  clients: AwsClients,
  { addresses = [] }: LoadBalancerResource['spec'],
  { AvailabilityZones = [], VpcId = '', LoadBalancerArn = '' }: LoadBalancer,
): Promise<void> {
  const [, , , region = ''] = LoadBalancerArn.split(':');
  const own = new Set(
    AvailabilityZones.flatMap(givenIn).flatMap(({ allocation, privateIpv4 }) => allocation ?? privateIpv4 ?? []),
  );
  const isOther = (address: string) => !own.has(address);
  const allocations = addresses.flatMap(({ allocation }) => allocation ?? []).filter(isOther);
  const privates = addresses.flatMap(({ privateIpv4 }) => privateIpv4 ?? []).filter(isOther);
  const [elastic, users] = await Promise.all([
    elasticIps(clients, 'allocation-id', allocations),
    usersOf(clients, VpcId, privates),
  ]);
  const known = new Map(elastic.map((each) => [each.allocation, each]));
  const [why] = [
    ...allocations.flatMap((id) => {
      const address = known.get(id);
      if (address === undefined) return `${id} does not exist`;
      const { usedBy, borderGroup = region } = address;
      if (usedBy !== undefined) return `${id} is in use by ${usedBy}`;
      return borderGroup === region ? [] : `${id} is in the network border group ${borderGroup}, not in ${region}`;
    }),
    ...[...users].map(([address, id]) => `${address} is in use by ${id}`),
  ];
  if (why !== undefined) throw refused(why);
}

/**
 * AWS gives an Elastic IP to a subnet only after another subnet has lost it.
 * @throws AwsError if a call asks for an Elastic IP that the call before it leaves in another subnet
 */
export function checkMoves({ AvailabilityZones = [] }: LoadBalancer, placements: readonly Placement[]): void {
  let held = new Map(AvailabilityZones.flatMap(givenIn).map(({ subnet, allocation }) => [allocation, subnet]));
  for (const { SubnetMappings = [] } of placements) {
    const wanted = SubnetMappings.filter(({ AllocationId }) => AllocationId !== undefined);
    for (const { AllocationId: id, SubnetId: subnet } of wanted) {
      const from = held.get(id);
      if (from !== undefined && from !== subnet)
        throw refused(`${id} is in ${from}, and can move to ${subnet} only when it is free. First remove it there`);
    }
    held = new Map(wanted.map(({ AllocationId, SubnetId = '' }) => [AllocationId, SubnetId]));
  }
}

const refused = (why: string): AwsError =>
  new AwsError({
    action: 'elasticloadbalancing:SetSubnets',
    code: 'ResourceInUse',
    kind: 'in-use',
    detail: `${why}, so the load balancer keeps its subnets and addresses`,
  });
