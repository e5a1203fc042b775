// What EC2 knows of addresses that an NLB may get: which Elastic IPs are the account's, and what uses an address.
import { DescribeAddressesCommand } from '@aws-sdk/client-ec2';
import type { AwsClients } from '../clients.ts';
import { interfacesOfAddresses, interfacesOfPrefixes, prefixOf } from './interfaces.ts';

export interface ElasticIp {
  readonly allocation: string;
  readonly address: string;
  readonly borderGroup?: string;
  /** The instance or network interface that has it. */
  readonly usedBy?: string;
}

/**
 * The Elastic IPs among these that are the account's. Uses a filter, because AWS would refuse a whole list if one of them was
 * not the account's.
 * @throws AwsError
 */
export async function elasticIps(
  { ec2 }: AwsClients,
  by: 'public-ip' | 'allocation-id',
  values: readonly string[],
): Promise<readonly ElasticIp[]> {
  if (values.length === 0) return [];
  const Filters = [{ Name: by, Values: [...values] }];
  const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ Filters }));
  return Addresses.flatMap((each): readonly ElasticIp[] => {
    const { PublicIp: address, AllocationId: allocation, NetworkBorderGroup: borderGroup } = each;
    if (address === undefined || allocation === undefined) return [];
    const usedBy = each.InstanceId ?? each.NetworkInterfaceId ?? each.AssociationId;
    const fact = { allocation, address, ...(borderGroup !== undefined && { borderGroup }) };
    return [usedBy === undefined ? fact : { ...fact, usedBy }];
  });
}

/**
 * The network interface that has each private address, if any. An interface also has all addresses of its prefixes.
 * @throws AwsError
 */
export async function usersOf(
  clients: AwsClients,
  vpcId: string,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (addresses.length === 0) return new Map();
  const [exact, delegated] = await Promise.all([
    interfacesOfAddresses(clients, vpcId, addresses),
    interfacesOfPrefixes(clients, vpcId, addresses),
  ]);
  const user = (address: string) =>
    exact.find((each) => each.addresses.includes(address)) ??
    delegated.find(({ prefixes }) => prefixes.includes(prefixOf(address)));
  return new Map(
    addresses.flatMap((address) => {
      const id = user(address)?.id;
      return id === undefined ? [] : [[address, id] as const];
    }),
  );
}
