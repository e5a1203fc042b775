// Which subnets of the VPC the load balancer uses: those of the configuration, else those with the role's tag, else by their routes.
// There is one for each zone, and all zones have the same type.
import type { LoadBalancerSettings } from '../../api/load-balancer-configuration.ts';
import type { SubnetsInvalid } from '../cloud-problem.ts';
import type { Network, Subnet } from '../network/network.ts';
import type { Problem } from '../problem.ts';
import type { Plane } from './plane.ts';

/** AWS refuses a subnet with fewer free addresses. */
const MIN_FREE_ADDRESSES = 8;
/** An NLB may stand in one zone. */
const MIN_ZONES: Readonly<Record<Plane, number>> = { alb: 2, nlb: 1 };
const CLUSTER_TAG = 'kubernetes.io/cluster/';

type Wanted = LoadBalancerSettings & { readonly plane: Plane };

export interface SubnetChoice {
  /** Absent if there is no place for a load balancer. */
  readonly ids?: readonly string[];
  readonly problem?: Problem;
}

/**
 * An existing load balancer keeps its subnets if they are still valid. Too few free addresses or a broken configuration must neither
 * move it nor block other changes.
 * @param standing the subnets of the load balancer. Empty if there is none yet
 * @param covered subnets of the NLB in front: the ALB behind it has a subnet in each of their zones
 */
export function chooseSubnets(
  settings: LoadBalancerSettings,
  network: Network,
  clusterName: string,
  standing: readonly string[],
  plane: Plane = 'alb',
  covered: readonly string[] = [],
): SubnetChoice {
  const wanted = { ...settings, plane };
  const choice =
    settings.subnets === undefined
      ? discovered(wanted, network, clusterName, new Set(standing), new Set(covered))
      : configured(wanted, settings.subnets, network);
  if (choice.ids !== undefined) return choice;
  const ids = asTheyStand(standing, network);
  return ids === undefined ? choice : { ...choice, ids };
}

/** Undefined if there is no load balancer in this VPC. In another VPC it could not use target groups of this VPC. */
export function asTheyStand(standing: readonly string[], network: Network): readonly string[] | undefined {
  const here = new Set(network.subnets.map(({ id }) => id));
  return standing.some((id) => here.has(id)) ? standing.toSorted() : undefined;
}

function discovered(
  settings: Wanted,
  network: Network,
  clusterName: string,
  standing: ReadonlySet<string>,
  covered: ReadonlySet<string>,
): SubnetChoice {
  const fitting = network.subnets.filter(
    (subnet) => (settings.ipAddressType === 'ipv4' || subnet.ipv6) && !isForeign(subnet, clusterName),
  );
  const hasRoom = ({ id, availableIpAddresses: free }: Subnet) => standing.has(id) || free >= MIN_FREE_ADDRESSES;
  const usable = fitting.filter(hasRoom);
  // In other types of zones a load balancer is created only if a configuration names the subnets.
  const [here, elsewhere] = [usable.filter(isInAvailabilityZone), usable.filter((each) => !isInAvailabilityZone(each))];
  const found = onePerZone(candidates(here, settings.scheme), standing);
  const zones = new Set(found.map(({ availabilityZone }) => availabilityZone));
  const further = usable.filter(({ id, availabilityZone }) => covered.has(id) && !zones.has(availabilityZone));
  const full = candidates(fitting.filter(isInAvailabilityZone), settings.scheme).filter((each) => !hasRoom(each));
  return enough(settings, [...found, ...further], { elsewhere: settings.plane === 'nlb' ? [] : elsewhere, full });
}

const isInAvailabilityZone = ({ zoneType }: Subnet): boolean => zoneType === 'availability-zone';

function configured(settings: Wanted, ids: readonly string[], network: Network): SubnetChoice {
  const subnets: Subnet[] = [];
  for (const id of new Set(ids)) {
    const subnet = network.subnets.find((candidate) => candidate.id === id);
    if (subnet === undefined) return invalid({ kind: 'not-in-vpc', subnet: id, vpcId: network.vpcId });
    const twin = subnets.find((other) => other.availabilityZone === subnet.availabilityZone);
    if (twin !== undefined) {
      return invalid({ kind: 'same-zone', subnets: [twin.id, id], zone: subnet.availabilityZone });
    }
    subnets.push(subnet);
  }
  const [first] = subnets;
  if (first === undefined) return enough(settings, subnets);
  const { zoneType } = first;
  const outside = settings.plane === 'nlb' ? subnets.find((each) => !isInAvailabilityZone(each)) : undefined;
  if (outside !== undefined) return invalid({ kind: 'without-nlb', subnet: placed(outside) });
  const other = subnets.find((each) => each.zoneType !== zoneType);
  if (other !== undefined) return invalid({ kind: 'mixed-zones', subnets: [placed(first), placed(other)] });
  switch (zoneType) {
    case 'outpost':
      if (subnets.length > 1) return invalid({ kind: 'two-on-outpost' });
      return chosen(subnets);
    case 'local-zone':
    case 'wavelength-zone':
      return chosen(subnets);
    case 'availability-zone':
      return enough(settings, subnets);
    default:
      return zoneType satisfies never;
  }
}

const placed = ({ id, zoneType, availabilityZone }: Subnet) => ({ id, zoneType, availabilityZone });

const invalid = (why: SubnetsInvalid['why']): SubnetChoice => ({ problem: { kind: 'subnets-invalid', why } });

const idsOf = (subnets: readonly Subnet[]): readonly string[] => subnets.map(({ id }) => id).toSorted();

const chosen = (subnets: readonly Subnet[]): SubnetChoice => ({ ids: idsOf(subnets) });

/** Subnets that were left out: because of the type of their zone, or because they have too few free addresses. */
interface LeftOut {
  readonly elsewhere: readonly Subnet[];
  readonly full: readonly Subnet[];
}

function enough(
  { scheme, plane }: Wanted,
  subnets: readonly Subnet[],
  { elsewhere, full }: LeftOut = { elsewhere: [], full: [] },
): SubnetChoice {
  const zones = MIN_ZONES[plane];
  if (subnets.length >= zones) return chosen(subnets);
  const found = { found: idsOf(subnets), zones: subnets.length };
  const leftOut = {
    ...(elsewhere.length > 0 && { elsewhere: idsOf(elsewhere) }),
    ...(full.length > 0 && { full: idsOf(full) }),
  };
  return {
    problem: { kind: 'subnets-too-few', scheme, ...(zones === 1 && { needed: 1 as const }), ...found, ...leftOut },
  };
}

/** Whether the subnet is tagged for another cluster, and not for ours. */
function isForeign(subnet: Subnet, clusterName: string): boolean {
  const clusters = Object.keys(subnet.tags).filter((key) => key.startsWith(CLUSTER_TAG));
  return clusters.length > 0 && !clusters.includes(`${CLUSTER_TAG}${clusterName}`);
}

function candidates(subnets: readonly Subnet[], scheme: LoadBalancerSettings['scheme']): readonly Subnet[] {
  const role = scheme === 'internal' ? 'kubernetes.io/role/internal-elb' : 'kubernetes.io/role/elb';
  const tagged = subnets.filter(({ tags }) => tags[role] === '' || tags[role] === '1');
  if (tagged.length > 0) return tagged;
  if (scheme === 'internet-facing') return subnets.filter((subnet) => subnet.public);
  const closed = subnets.filter((subnet) => !subnet.public);
  // A default VPC has only public subnets, and an internal load balancer can use these.
  return closed.length > 0 ? closed : subnets;
}

/**
 * For each zone the subnet that the load balancer uses already, else the one with the lowest id. The number of free addresses does not
 * decide: it changes with every pod, and the load balancer would move.
 */
function onePerZone(subnets: readonly Subnet[], standing: ReadonlySet<string>): readonly Subnet[] {
  const byZone = new Map<string, Subnet>();
  for (const subnet of subnets.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const present = byZone.get(subnet.availabilityZone);
    if (present === undefined || (standing.has(subnet.id) && !standing.has(present.id))) {
      byZone.set(subnet.availabilityZone, subnet);
    }
  }
  return [...byZone.values()];
}
