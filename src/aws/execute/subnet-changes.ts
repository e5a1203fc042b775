// The calls that change a load balancer's subnets, and its addresses there.
import type {
  AvailabilityZone,
  LoadBalancer,
  SetSubnetsCommandInput,
  SubnetMapping,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { SubnetAddresses } from '../../api/load-balancer-configuration.ts';
import { differsInPlace, hasPlaces } from '../inventory/places.ts';
import { givenIn } from '../inventory/read.ts';
import type { LoadBalancerResource } from '../model/resources.ts';

type Spec = Pick<LoadBalancerResource['spec'], 'type' | 'subnets' | 'addresses' | 'prefixForIpv6SourceNat'>;
export type Placement = Pick<SetSubnetsCommandInput, 'Subnets' | 'SubnetMappings'>;

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
 * address in a subnet, by one call. So it leaves these subnets first, if it can stand elsewhere meanwhile.
 * @param zoneOf the zones of the desired subnets that it does not have yet
 */
export function placementsTo(
  spec: Spec,
  current: LoadBalancer,
  zoneOf: ReadonlyMap<string, string>,
): readonly Placement[] {
  if (hasPlaces(spec, current)) return [];
  if (spec.type !== 'network') return [placement(spec)];
  const zones = current.AvailabilityZones ?? [];
  const present = new Map(zones.map((zone) => [zone.SubnetId, zone]));
  const differs = (subnet: string): boolean => {
    const zone = present.get(subnet);
    return zone !== undefined && differsInPlace(spec, zone);
  };
  const stays = spec.subnets.filter((subnet) => present.has(subnet) && !differs(subnet));
  if (stays.length === 0 && spec.subnets.some(differs)) return [...meanwhile(spec, zones), placement(spec)];
  const isAskedAgain = ({ SubnetId = '', ZoneName = '', LoadBalancerAddresses: [own] = [] }: AvailabilityZone) =>
    spec.subnets.includes(SubnetId) ||
    spec.subnets.some((subnet) => zoneOf.get(subnet) === ZoneName) ||
    spec.addresses?.some(({ allocation }) => allocation !== undefined && allocation === own?.AllocationId) === true;
  const mustLeave = zones.some((zone) => !stays.includes(zone.SubnetId ?? '') && isAskedAgain(zone));
  return [...(mustLeave && stays.length > 0 ? [placement({ ...spec, subnets: stays })] : []), placement(spec)];
}

/** The calls back to what an NLB had. */
export function placementsBack(before: readonly AvailabilityZone[], present: readonly AvailabilityZone[]) {
  const subnets = before.flatMap(({ SubnetId }) => SubnetId ?? []);
  const spec = { type: 'network' as const, subnets, addresses: before.flatMap(givenIn) };
  const zoneOf = new Map(before.map(({ SubnetId = '', ZoneName = '' }) => [SubnetId, ZoneName]));
  return placementsTo(spec, { AvailabilityZones: [...present] }, zoneOf);
}

/** Where an NLB stands while it leaves all desired subnets that it has. None if it has only one, and no other is desired. */
function meanwhile(spec: Spec, zones: readonly AvailabilityZone[]): readonly Placement[] {
  const enters = spec.subnets.filter((subnet) => zones.every(({ SubnetId }) => SubnetId !== subnet));
  if (enters.length > 0) return [placement({ ...spec, subnets: enters })];
  const pivot =
    zones.find(({ SubnetId = '' }) => !spec.subnets.includes(SubnetId)) ??
    (zones.length > 1 ? zones.at(-1) : undefined);
  if (pivot?.SubnetId === undefined) return [];
  const asItIs = placement({ subnets: [pivot.SubnetId], addresses: givenIn(pivot) });
  const others = spec.subnets.filter((subnet) => subnet !== pivot.SubnetId);
  return others.length < spec.subnets.length ? [asItIs, placement({ ...spec, subnets: others })] : [asItIs];
}

/** Whether an Elastic IP that the NLB had is to be in another subnet. */
export const movesElasticIp = ({ addresses = [] }: Pick<Spec, 'addresses'>, before: readonly AvailabilityZone[]) =>
  before
    .flatMap(givenIn)
    .some(({ subnet, allocation }) =>
      addresses.some((each) => allocation !== undefined && each.allocation === allocation && each.subnet !== subnet),
    );
