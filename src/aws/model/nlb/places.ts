// Where a Gateway's load balancers stand: an NLB with its own addresses, and an ALB, also behind an NLB.
import type { LoadBalancerSettings, SubnetAddresses } from '../../../api/load-balancer-configuration.ts';
import type { SubnetAddressInvalid } from '../../cloud-problem.ts';
import type { Network } from '../../network/network.ts';
import type { Problem } from '../../problem.ts';
import { isReserved, whereabouts } from '../addresses.ts';
import type { LoadBalancerResource } from '../resources.ts';
import { asTheyStand, chooseSubnets } from '../subnets.ts';

/** A load balancer's subnets, and its own addresses there. */
export type Place = Pick<LoadBalancerResource['spec'], 'subnets' | 'addresses'>;

export interface PlaceChoice {
  /** Absent if there is none. */
  readonly place?: Place;
  readonly problem?: Problem;
}

/** An existing NLB stays where it is, with its addresses, if the configuration is invalid. */
export function placeOfNlb(
  settings: LoadBalancerSettings,
  network: Network,
  clusterName: string,
  standing: Place,
): PlaceChoice {
  const { subnetMappings: mappings } = settings;
  const wanted = mappings === undefined ? settings : { ...settings, subnets: mappings.map(({ subnet }) => subnet) };
  const { ids, problem } = chooseSubnets(wanted, network, clusterName, standing.subnets, 'nlb');
  const chosen = ids === undefined ? undefined : placeWith(ids, mappings);
  const wrong =
    problem ??
    invalidAddress(mappings ?? [], settings, network) ??
    (chosen && isOutOfReach(chosen, standing, network)
      ? { kind: 'subnets-all-change' as const, subnets: standing.subnets.toSorted() }
      : undefined);
  if (wrong === undefined) return { ...(chosen !== undefined && { place: chosen }) };
  const here = asTheyStand(standing.subnets, network);
  return { problem: wrong, ...(here !== undefined && { place: placeWith(here, standing.addresses) }) };
}

/** @param covered subnets of the NLB in front: it has a subnet in each of their zones */
export function placeOfAlb(
  settings: LoadBalancerSettings,
  network: Network,
  clusterName: string,
  standing: readonly string[],
  covered: readonly string[] = [],
): PlaceChoice {
  const { ids, problem } = chooseSubnets(settings, network, clusterName, standing, 'alb', covered);
  return { ...(ids !== undefined && { place: { subnets: ids } }), ...(problem !== undefined && { problem }) };
}

export function placeWith(subnets: readonly string[], addresses: readonly SubnetAddresses[] = []): Place {
  const own = addresses.filter((each) => addressesOf(each).length > 0);
  if (own.length === 0) return { subnets };
  return { subnets, addresses: own.toSorted((a, b) => (a.subnet < b.subnet ? -1 : 1)) };
}

export function addressesOf({ allocation, privateIpv4, ...others }: SubnetAddresses): readonly string[] {
  return [allocation, privateIpv4, others.ipv6, others.sourceNatIpv6Prefix].flatMap((address) => address ?? []);
}

/**
 * AWS changes the subnet or the IPv4 address of a zone only if the NLB leaves the zone meanwhile. So the only zone cannot change,
 * and all zones cannot get other subnets at once.
 */
export function isOutOfReach(wanted: Place, standing: Place, { subnets }: Network): boolean {
  const zonesOf = (ids: readonly string[]) =>
    new Set(subnets.flatMap(({ id, availabilityZone }) => (ids.includes(id) ? availabilityZone : [])));
  const [zones, present] = [zonesOf(wanted.subnets), zonesOf(standing.subnets)];
  if (zones.isDisjointFrom(present)) return false;
  const kept = wanted.subnets.find((id) => standing.subnets.includes(id));
  return kept === undefined || (zones.size === 1 && present.size === 1 && !hasSameIpv4(kept, wanted, standing));
}

function hasSameIpv4(subnet: string, wanted: Place, standing: Place): boolean {
  const [{ allocation, privateIpv4 } = {}, present] = [wanted, standing].map(({ addresses = [] }) =>
    addresses.find((each) => each.subnet === subnet),
  );
  return present?.allocation === allocation && (privateIpv4 === undefined || present?.privateIpv4 === privateIpv4);
}

/** The first address that the NLB cannot have. */
function invalidAddress(
  mappings: readonly SubnetAddresses[],
  settings: LoadBalancerSettings,
  network: Network,
): SubnetAddressInvalid | undefined {
  for (const mapping of mappings) {
    for (const address of addressesOf(mapping)) {
      const why = misfit(mapping, address, settings, network);
      if (why !== undefined) return { kind: 'subnet-address-invalid', subnet: mapping.subnet, address, why };
    }
  }
  return undefined;
}

function misfit(
  { subnet, allocation, privateIpv4 }: SubnetAddresses,
  address: string,
  { scheme, ipAddressType }: LoadBalancerSettings,
  { subnets }: Network,
): SubnetAddressInvalid['why'] | undefined {
  if (address === allocation) return scheme === 'internal' ? { kind: 'scheme', needed: 'internet-facing' } : undefined;
  if (address === privateIpv4) {
    if (scheme === 'internet-facing') return { kind: 'scheme', needed: 'internal' };
  } else if (ipAddressType === 'ipv4') return { kind: 'ip-address-type', needed: 'dualstack' };
  if (address === 'auto_assigned') return undefined;
  const { cidrBlocks = [] } = subnets.find(({ id }) => id === subnet) ?? {};
  const [base = ''] = address.split('/');
  const isOutside = cidrBlocks.length > 0 && whereabouts(cidrBlocks)(base) !== 'inside';
  if (isOutside) return { kind: 'outside', cidrBlocks };
  return address === privateIpv4 && isReserved(address, cidrBlocks) ? { kind: 'reserved' } : undefined;
}
