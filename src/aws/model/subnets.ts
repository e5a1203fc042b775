// Which of the VPC's subnets the load balancer stands in: those of the configuration, else those with the role's tag,
// else by their routes; one an availability zone.
import type { LoadBalancerSettings } from '../../api/load-balancer-configuration.ts';
import type { Problem } from '../../gateway/problem.ts';
import type { Network, Subnet } from '../network.ts';

/** AWS refuses a subnet with fewer. */
const MIN_FREE_ADDRESSES = 8;
const MIN_ZONES = 2;
const CLUSTER_TAG = 'kubernetes.io/cluster/';

export type SubnetChoice =
  | { readonly kind: 'chosen'; readonly ids: readonly string[] }
  | { readonly kind: 'refused'; readonly problem: Problem };

export function chooseSubnets(settings: LoadBalancerSettings, network: Network, clusterName: string): SubnetChoice {
  if (settings.subnets !== undefined) return configured(settings, settings.subnets, network);
  const usable = network.subnets.filter(
    (subnet) =>
      subnet.availableIpAddresses >= MIN_FREE_ADDRESSES &&
      (settings.ipAddressType === 'ipv4' || subnet.ipv6) &&
      !isForeign(subnet, clusterName),
  );
  return enough(settings, onePerZone(candidates(usable, settings.scheme)));
}

function configured(settings: LoadBalancerSettings, ids: readonly string[], network: Network): SubnetChoice {
  const subnets: Subnet[] = [];
  for (const id of new Set(ids)) {
    const subnet = network.subnets.find((candidate) => candidate.id === id);
    if (subnet === undefined) return invalid(`subnet ${id} is not in VPC ${network.vpcId}`);
    const twin = subnets.find((other) => other.availabilityZone === subnet.availabilityZone);
    if (twin !== undefined) return invalid(`subnets ${twin.id} and ${id} are both in ${subnet.availabilityZone}`);
    subnets.push(subnet);
  }
  return enough(settings, subnets);
}

function invalid(detail: string): SubnetChoice {
  return { kind: 'refused', problem: { kind: 'subnets-invalid', detail } };
}

function enough(settings: LoadBalancerSettings, subnets: readonly Subnet[]): SubnetChoice {
  const ids = subnets.map((subnet) => subnet.id).toSorted();
  if (ids.length >= MIN_ZONES) return { kind: 'chosen', ids };
  const problem: Problem = { kind: 'subnets-too-few', scheme: settings.scheme, found: ids, zones: ids.length };
  return { kind: 'refused', problem };
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
 * The lowest id of each zone. Not the subnet with the most free addresses: their numbers change with every pod, and the
 * load balancer would move with them.
 */
function onePerZone(subnets: readonly Subnet[]): readonly Subnet[] {
  const byZone = new Map<string, Subnet>();
  for (const subnet of subnets.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    if (!byZone.has(subnet.availabilityZone)) byZone.set(subnet.availabilityZone, subnet);
  }
  return [...byZone.values()];
}
