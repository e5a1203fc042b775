// The calls that change a load balancer's subnets, and its addresses there.
import type { LoadBalancer, SetSubnetsCommandInput, SubnetMapping } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { SubnetAddresses } from '../../api/load-balancer-configuration.ts';
import { differsInPlace, hasPlaces } from '../inventory/places.ts';
import type { LoadBalancerResource } from '../model/resources.ts';

type Spec = LoadBalancerResource['spec'];
type Placement = Pick<SetSubnetsCommandInput, 'Subnets' | 'SubnetMappings'>;

/** The subnets as parameters of a call: with addresses, if any subnet has addresses. */
export function placement({ subnets, addresses = [] }: Pick<Spec, 'subnets' | 'addresses'>): Placement {
  if (addresses.length === 0) return { Subnets: [...subnets] };
  const bySubnet = new Map(addresses.map((each) => [each.subnet, each]));
  return { SubnetMappings: subnets.map((subnet) => mapping(bySubnet.get(subnet) ?? { subnet })) };
}

const mapping = ({ subnet, allocation, privateIpv4, ipv6, sourceNatIpv6Prefix }: SubnetAddresses): SubnetMapping => ({
  SubnetId: subnet,
  ...(allocation !== undefined && { AllocationId: allocation }),
  ...(privateIpv4 !== undefined && { PrivateIPv4Address: privateIpv4 }),
  ...(ipv6 !== undefined && { IPv6Address: ipv6 }),
  ...(sourceNatIpv6Prefix !== undefined && { SourceNatIpv6Prefix: sourceNatIpv6Prefix }),
});

/**
 * The calls of SetSubnets, one after another; none if all is as desired. An NLB cannot change its subnet in a zone, or its
 * address in a subnet, by one call. So a first call removes these subnets, if at least one subnet is left.
 */
export function placementsTo(spec: Spec, current: LoadBalancer): readonly Placement[] {
  if (hasPlaces(spec, current)) return [];
  if (spec.type !== 'network') return [placement(spec)];
  const zones = current.AvailabilityZones ?? [];
  const stays = spec.subnets.filter((subnet) =>
    zones.some((zone) => zone.SubnetId === subnet && !differsInPlace(spec, zone)),
  );
  const adds = spec.subnets.length > stays.length;
  const leaves = zones.some(({ SubnetId }) => SubnetId !== undefined && !stays.includes(SubnetId));
  return [...(adds && leaves && stays.length > 0 ? [placement({ ...spec, subnets: stays })] : []), placement(spec)];
}
