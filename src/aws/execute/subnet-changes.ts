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

export interface Move {
  /** Of SetSubnets, one after another; none if all is as desired. */
  readonly calls: readonly Placement[];
  /** False if the NLB then keeps an old zone until AWS has set up the new ones. The next move leaves it. */
  readonly isWhole: boolean;
}

/** What a load balancer is to have. */
interface Desired extends Pick<LoadBalancerResource, 'zones'> {
  readonly spec: Spec;
}

/**
 * An NLB cannot change its subnet in a zone, or its address in a subnet, by one call. So it leaves these subnets first, if it can
 * stand elsewhere meanwhile.
 */
export function placementsTo(desired: Desired, current: LoadBalancer): Move {
  const { spec, zones: zoneOf = {} } = desired;
  if (hasPlaces(spec, current)) return whole([]);
  if (spec.type !== 'network') return whole([placement(spec)]);
  const zones = current.AvailabilityZones ?? [];
  const present = new Map(zones.map((zone) => [zone.SubnetId, zone]));
  const stays = spec.subnets.filter((subnet) => {
    const zone = present.get(subnet);
    return zone !== undefined && !differsInPlace(spec, zone);
  });
  if (stays.length === 0) return enterFirst(desired, zones);
  const isAskedAgain = ({ SubnetId = '', ZoneName = '', LoadBalancerAddresses: [own] = [] }: AvailabilityZone) =>
    spec.subnets.includes(SubnetId) ||
    spec.subnets.some((subnet) => zoneOf[subnet] === ZoneName) ||
    hasElasticIp(spec, own?.AllocationId);
  const mustLeave = zones.some((zone) => !stays.includes(zone.SubnetId ?? '') && isAskedAgain(zone));
  return whole([...(mustLeave ? [placement({ ...spec, subnets: stays })] : []), placement(spec)]);
}

const whole = (calls: readonly Placement[]): Move => ({ calls, isWhole: true });

const hasElasticIp = ({ addresses = [] }: Spec, id: string | undefined): boolean =>
  id !== undefined && addresses.some(({ allocation }) => allocation === id);

/** All zones are to change. AWS needs minutes to set up a zone, so the NLB enters new ones beside an old one that serves. */
function enterFirst({ spec, zones: zoneOf = {} }: Desired, zones: readonly AvailabilityZone[]): Move {
  const isPresent = (subnet: string) => zones.some(({ SubnetId }) => SubnetId === subnet);
  const isTaken = (subnet: string) => zones.some(({ ZoneName }) => ZoneName === zoneOf[subnet]);
  const isHeld = (subnet: string) => {
    const wanted = spec.addresses?.find((each) => each.subnet === subnet)?.allocation;
    return zones.flatMap(givenIn).some(({ allocation }) => allocation !== undefined && allocation === wanted);
  };
  const free = spec.subnets.filter((subnet) => !isPresent(subnet) && !isTaken(subnet) && !isHeld(subnet));
  if (zones.length > 0 && free.length > 0) return { calls: [beside(zones, spec, free)], isWhole: false };
  const kept = zones.filter(({ SubnetId = '' }) => !spec.subnets.includes(SubnetId));
  const old = kept.length > 0 ? kept : zones.slice(-1);
  const enters = spec.subnets.filter((subnet) => isPresent(subnet) && old.every(({ SubnetId }) => SubnetId !== subnet));
  if (enters.length === 0) return whole([placement(spec)]);
  return { calls: [beside(old, spec, []), beside(old, spec, enters)], isWhole: false };
}

/** These zones as they are, and the desired ones of these subnets. */
function beside(zones: readonly AvailabilityZone[], spec: Spec, enters: readonly string[]): Placement {
  const subnets = [...zones.flatMap(({ SubnetId }) => SubnetId ?? []), ...enters];
  const wanted = (spec.addresses ?? []).filter(({ subnet }) => enters.includes(subnet));
  return placement({ subnets, addresses: [...zones.flatMap(givenIn), ...wanted] });
}

/** The calls back to what an NLB had. */
export function placementsBack(
  before: readonly AvailabilityZone[],
  present: readonly AvailabilityZone[],
): readonly Placement[] {
  const subnets = before.flatMap(({ SubnetId }) => SubnetId ?? []);
  const spec = { type: 'network' as const, subnets, addresses: before.flatMap(givenIn) };
  const zones = Object.fromEntries(before.map(({ SubnetId = '', ZoneName = '' }) => [SubnetId, ZoneName]));
  return placementsTo({ spec, zones }, { AvailabilityZones: [...present] }).calls;
}

/** Whether an Elastic IP that the NLB had is to be in another subnet. */
export const movesElasticIp = ({ addresses = [] }: Pick<Spec, 'addresses'>, before: readonly AvailabilityZone[]) =>
  before
    .flatMap(givenIn)
    .some(({ subnet, allocation }) =>
      addresses.some((each) => allocation !== undefined && each.allocation === allocation && each.subnet !== subnet),
    );
