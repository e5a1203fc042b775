// Which of the VPC's subnets the load balancer stands in: those of the configuration, else those with the role's tag,
// else by their routes; one a zone, and all of one type of zones.
import type { LoadBalancerSettings } from '../../api/load-balancer-configuration.ts';
import type { SubnetsInvalid } from '../cloud-problem.ts';
import type { Network, Subnet } from '../network/network.ts';
import type { Problem } from '../problem.ts';

/** AWS refuses a subnet with fewer. */
const MIN_FREE_ADDRESSES = 8;
const MIN_ZONES = 2;
const CLUSTER_TAG = 'kubernetes.io/cluster/';

export interface SubnetChoice {
  /** Absent where there is no place for a load balancer. */
  readonly ids?: readonly string[];
  readonly problem?: Problem;
}

/**
 * A load balancer that stands stays where it is as long as it may: not for want of free addresses, which it has, nor
 * because a configuration went bad, does it move or hold up what else there is to do.
 * @param standing the subnets that the load balancer stands in; empty where there is none yet
 */
export function chooseSubnets(
  settings: LoadBalancerSettings,
  network: Network,
  clusterName: string,
  standing: readonly string[],
): SubnetChoice {
  const choice =
    settings.subnets === undefined
      ? discovered(settings, network, clusterName, new Set(standing))
      : configured(settings, settings.subnets, network);
  if (choice.ids !== undefined || standing.length === 0) return choice;
  // One that stands in another VPC can have no target group of this one.
  const here = new Set(network.subnets.map(({ id }) => id));
  return standing.some((id) => here.has(id)) ? { ...choice, ids: standing.toSorted() } : choice;
}

function discovered(
  settings: LoadBalancerSettings,
  network: Network,
  clusterName: string,
  standing: ReadonlySet<string>,
): SubnetChoice {
  const usable = network.subnets.filter(
    (subnet) =>
      (standing.has(subnet.id) || subnet.availableIpAddresses >= MIN_FREE_ADDRESSES) &&
      (settings.ipAddressType === 'ipv4' || subnet.ipv6) &&
      !isForeign(subnet, clusterName),
  );
  // A load balancer elsewhere needs a decision: it is asked for by a configuration.
  const [here, elsewhere] = [usable.filter(isInAvailabilityZone), usable.filter((each) => !isInAvailabilityZone(each))];
  return enough(settings, onePerZone(candidates(here, settings.scheme), standing), elsewhere);
}

const isInAvailabilityZone = ({ zoneType }: Subnet): boolean => zoneType === 'availability-zone';

function configured(settings: LoadBalancerSettings, ids: readonly string[], network: Network): SubnetChoice {
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

/** @param elsewhere those that were left out for the type of their zone */
function enough(
  settings: LoadBalancerSettings,
  subnets: readonly Subnet[],
  elsewhere: readonly Subnet[] = [],
): SubnetChoice {
  if (subnets.length >= MIN_ZONES) return chosen(subnets);
  const found = { found: idsOf(subnets), zones: subnets.length };
  const leftOut = elsewhere.length > 0 && { elsewhere: idsOf(elsewhere) };
  return { problem: { kind: 'subnets-too-few', scheme: settings.scheme, ...found, ...leftOut } };
}

/** Tagged as another cluster's, and not as ours. */
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
  // A default VPC has public subnets only; an internal load balancer can stand there.
  return closed.length > 0 ? closed : subnets;
}

/**
 * The one of each zone that the load balancer stands in, else that with the lowest id. Not the subnet with the most free addresses: their numbers change with every pod, and the
 * load balancer would move with them.
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
