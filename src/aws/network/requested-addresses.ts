// What EC2 knows of the addresses that a Gateway requests.
import ipaddr from 'ipaddr.js';
import type { RequestedAddress } from '../../gateway/topology.ts';
import type { AwsClients } from '../clients.ts';
import { whereabouts } from '../model/addresses.ts';
import type { OwnedLoadBalancer, OwnedResource } from '../observed.ts';
import { elasticIps, usersOf } from './address-users.ts';
import type { AddressFact, Network } from './network.ts';

/**
 * The network with what EC2 knows of these addresses. Makes at most three calls, and none if the Gateway's own load balancers
 * have all of the addresses.
 * @param owned what the Gateway has
 * @throws AwsError
 */
export async function withRequestedAddresses(
  clients: AwsClients,
  network: Network,
  owned: readonly OwnedResource[],
  requested: readonly RequestedAddress[] = [],
): Promise<Network> {
  if (requested.length === 0) return network;
  const own = owned.filter((each) => each.kind === 'load-balancer');
  const held = new Map(own.flatMap(factsOf));
  const unknown = requested
    .map(({ value }) => value)
    .filter((address) => ipaddr.IPv4.isValidFourPartDecimal(address) && !held.has(address));
  const where = whereabouts(network.subnets.flatMap(({ cidrBlocks }) => cidrBlocks));
  const { inside = [], others = [] } = Object.groupBy(unknown, (each) =>
    where(each) === 'inside' ? 'inside' : 'others',
  );
  const [users, elastic] = await Promise.all([
    usersOf(clients, network.vpcId, inside),
    elasticIps(clients, 'public-ip', others),
  ]);
  const used = [...users].map(([address, usedBy]): Fact => [address, { usedBy }]);
  const given = new Set(own.flatMap((each) => each.given ?? []).map(({ allocation }) => allocation));
  const free = elastic.map(({ address, usedBy, ...fact }): Fact => {
    const isFree = usedBy === undefined || given.has(fact.allocation);
    return [address, isFree ? fact : { ...fact, usedBy }];
  });
  return { ...network, addresses: new Map([...held, ...used, ...free]) };
}

type Fact = readonly [address: string, fact: AddressFact];

/** The static addresses that a load balancer has. Its Elastic IPs are only known if it has one in each of its subnets. */
const factsOf = ({ subnets, addresses = [], given = [] }: OwnedLoadBalancer): readonly Fact[] =>
  given.flatMap(({ subnet, allocation, privateIpv4 }): readonly Fact[] => {
    if (privateIpv4 !== undefined) return [[privateIpv4, {}]];
    const address = addresses[subnets.indexOf(subnet)];
    return address === undefined || allocation === undefined ? [] : [[address, { allocation }]];
  });
