// The addresses that a Gateway requests, as its NLB's addresses in subnets. The NLB has exactly the zones of these addresses.
import ipaddr from 'ipaddr.js';
import type { LoadBalancerSettings, SubnetAddresses } from '../../../api/load-balancer-configuration.ts';
import type { RequestedAddress } from '../../../gateway/topology.ts';
import type { AddressNotUsable } from '../../cloud-problem.ts';
import type { Network, Subnet } from '../../network/network.ts';
import type { Problem } from '../../problem.ts';
import { isReserved, whereabouts } from '../addresses.ts';
import { chooseSubnets } from '../subnets.ts';
import { isOutOfReach, type Place, placeWith } from './places.ts';

export interface RequestedPlaces {
  /** Absent if the NLB cannot have all of the addresses. */
  readonly mappings?: readonly SubnetAddresses[];
  readonly problems: readonly Problem[];
}

interface Around {
  readonly settings: LoadBalancerSettings;
  readonly network: Network;
  readonly clusterName: string;
  /** What the Gateway's NLB has. Without subnets there is none. */
  readonly standing: Place;
}

interface Placed {
  readonly asked: RequestedAddress;
  readonly subnet: Subnet;
}

type Why = AddressNotUsable['why'];
type Spot = { readonly subnet: Subnet } | { readonly why: Why };

/** An Elastic IP keeps its zone, and a new one gets a zone that is free. */
export function requestedPlaces(addresses: readonly RequestedAddress[], around: Around): RequestedPlaces {
  const placed: Placed[] = [];
  const problems: Problem[] = [];
  const settle = (asked: RequestedAddress, spot: Spot): void => {
    const end = 'why' in spot ? spot : (besideOthers(spot.subnet, placed) ?? spot);
    if ('subnet' in end) placed.push({ asked, subnet: end.subnet });
    else problems.push({ kind: 'address-not-usable', field: asked.field, address: asked.value, why: end.why });
  };
  const spots = addresses.map((asked) => ({ asked, spot: spotOf(asked.value, around) }));
  for (const { asked, spot } of spots) if (spot !== undefined) settle(asked, spot);
  const anywhere = spots.filter(({ spot }) => spot === undefined).map(({ asked }) => asked);
  if (anywhere.length > 0) {
    const { ids, problem } = openSubnets(around);
    if (ids === undefined) return { problems: [...problems, ...(problem === undefined ? [] : [problem])] };
    for (const asked of anywhere) settle(asked, freeSpot(ids, placed, around));
  }
  if (problems.length > 0) return { problems };
  const mappings = placed.map((each) => mapping(each, around));
  const place = placeWith(
    placed.map(({ subnet }) => subnet.id),
    mappings,
  );
  if (!isOutOfReach(place, around.standing, around.network)) return { mappings, problems: remarks(placed, around) };
  for (const { asked } of placed) settle(asked, { why: { kind: 'zones-all-change' } });
  return { problems };
}

function remarks(placed: readonly Placed[], { settings: { subnetMappings = [] } }: Around): readonly Problem[] {
  const [first] = placed;
  const mapped = subnetMappings.flatMap(({ allocation, privateIpv4 }) => allocation ?? privateIpv4 ?? []);
  return [
    ...(first !== undefined && placed.length === 1
      ? [{ kind: 'addresses-in-one-zone' as const, zone: first.subnet.availabilityZone }]
      : []),
    ...(mapped.length > 0 ? [{ kind: 'mapped-addresses-unused' as const, addresses: mapped }] : []),
  ];
}

/** The subnet of an address that can't be in another one. Undefined for an Elastic IP that the NLB does not have yet. */
function spotOf(address: string, around: Around): Spot | undefined {
  const { settings, network } = around;
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return { why: { kind: 'not-ipv4' } };
  const { allocation, usedBy, borderGroup = network.region } = network.addresses?.get(address) ?? {};
  const inside = network.subnets.find(({ cidrBlocks }) => whereabouts(cidrBlocks)(address) === 'inside');
  if (inside === undefined && allocation === undefined)
    return { why: { kind: 'unknown', region: network.region, vpcId: network.vpcId } };
  const needed = inside === undefined ? 'internet-facing' : 'internal';
  if (needed !== settings.scheme) return { why: { kind: 'scheme', scheme: settings.scheme, needed } };
  if (inside !== undefined && isReserved(address, inside.cidrBlocks))
    return { why: { kind: 'reserved', subnet: inside.id } };
  if (usedBy !== undefined) return { why: { kind: 'in-use', by: usedBy } };
  // An NLB stands in availability zones, whose network border group is the region.
  if (borderGroup !== network.region) return { why: { kind: 'border-group', borderGroup, region: network.region } };
  const subnet = inside ?? standingSubnet(allocation, around);
  if (subnet === undefined || configured(settings)?.includes(subnet.id) !== false) return subnet && { subnet };
  // An Elastic IP can move to another subnet, if the NLB can stand elsewhere meanwhile.
  const canMove = inside === undefined && around.standing.subnets.length > 1;
  return canMove ? undefined : { why: { kind: 'other-subnet', subnet: subnet.id } };
}

function standingSubnet(allocation: string | undefined, { network, standing }: Around): Subnet | undefined {
  const found = standing.addresses?.find((each) => each.allocation === allocation);
  return network.subnets.find(({ id }) => id === found?.subnet);
}

/** The subnets that a configuration names. */
const configured = ({ subnets, subnetMappings }: LoadBalancerSettings): readonly string[] | undefined =>
  subnetMappings?.map(({ subnet }) => subnet) ?? subnets;

function openSubnets({ settings, network, clusterName, standing }: Around) {
  const subnets = configured(settings);
  const wanted = { ...settings, ...(subnets !== undefined && { subnets }) };
  return chooseSubnets(wanted, network, clusterName, standing.subnets, 'nlb');
}

/** The first free subnet by zone. Subnets where the NLB stands come last, because it must leave a subnet to change its address. */
function freeSpot(ids: readonly string[], placed: readonly Placed[], { network, standing }: Around): Spot {
  const open = network.subnets
    .filter(({ id }) => ids.includes(id))
    .toSorted((a, b) => (a.availabilityZone < b.availabilityZone ? -1 : 1))
    .toSorted((a, b) => Number(standing.subnets.includes(a.id)) - Number(standing.subnets.includes(b.id)));
  const subnet = open.find((each) => besideOthers(each, placed) === undefined);
  if (subnet !== undefined) return { subnet };
  return { why: { kind: 'no-zone-left', zones: open.map(({ availabilityZone }) => availabilityZone).toSorted() } };
}

/** Why the zone is not free. */
function besideOthers(
  { availabilityZone: zone }: Subnet,
  placed: readonly Placed[],
): { readonly why: Why } | undefined {
  const twin = placed.find(({ subnet }) => subnet.availabilityZone === zone);
  return twin && { why: { kind: 'same-zone', zone, other: twin.asked.value } };
}

/** Also has what a configuration says of the subnet's IPv6. */
function mapping({ asked, subnet }: Placed, { settings, network }: Around): SubnetAddresses {
  const allocation = network.addresses?.get(asked.value)?.allocation;
  const { ipv6, sourceNatIpv6Prefix } = settings.subnetMappings?.find((each) => each.subnet === subnet.id) ?? {};
  return {
    subnet: subnet.id,
    ...(allocation === undefined ? { privateIpv4: asked.value } : { allocation }),
    ...(ipv6 !== undefined && { ipv6 }),
    ...(sourceNatIpv6Prefix !== undefined && { sourceNatIpv6Prefix }),
  };
}
