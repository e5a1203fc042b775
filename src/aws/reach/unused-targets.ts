// Targets in zones that their NLB does not have. AWS registers them as `unused`, and sends them no connections.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
import ipaddr from 'ipaddr.js';
import type { Node } from '../../api/core.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { isInstance } from '../model/addresses.ts';
import { gatewayTagValue, isOfNetwork, resourceId } from '../model/naming.ts';
import type { Subnet } from '../network/network.ts';
import { type Place, zoneOfInstance } from '../network/place.ts';
import type { TargetTrouble } from '../rule-problem.ts';
import type { Membered } from '../targets/members.ts';
import type { TargetTroubles } from '../targets/target-troubles.ts';

interface Context {
  readonly inventory: Pick<Inventory, 'find'>;
  readonly place: Pick<Place, 'network'>;
  readonly troubles: TargetTroubles;
  readonly nodes: () => readonly Node[];
}

/** Records these targets as troubles of their groups. Only an NLB can have a single zone: an ALB has at least two. */
export async function noteUnused(context: Context, groups: readonly Membered[]): Promise<void> {
  const ofNetwork = groups.filter(({ group }) => isOfNetwork(group.id));
  if (ofNetwork.length === 0) return;
  const found = await context.place.network();
  if (found.kind === 'unknown') return;
  const { subnets } = found.network;
  const zoneOf = zonesOf(subnets, context.nodes());
  for (const each of ofNetwork) {
    const zones = zonesOfLoadBalancer(context, each, subnets);
    context.troubles.set(each.arn, 'zones', zones.size === 0 ? [] : unusedTargets(each, zones, zoneOf));
  }
}

/** @param zoneOf undefined for a target that is in no zone of the VPC */
export function unusedTargets(
  { group, members }: Pick<Membered, 'group' | 'members'>,
  zones: ReadonlySet<string>,
  zoneOf: (id: string) => string | undefined,
): readonly TargetTrouble[] {
  const { backend, spec } = group;
  if (backend === undefined) return [];
  const all = new Set(members.flatMap(({ id }) => zoneOf(id) ?? []));
  const others = all.difference(zones);
  // One node reaches the pods of all zones, except with the policy Local.
  const isReached = spec.targetType === 'instance' && !backend.local && others.size < all.size;
  if (others.size === 0 || isReached) return [];
  return [{ kind: 'targets-in-other-zones', service: backend.service, zones: [...others].toSorted() }];
}

/** Empty if the load balancer does not exist yet. */
function zonesOfLoadBalancer(
  { inventory }: Context,
  { gateway, group }: Membered,
  subnets: readonly Subnet[],
): ReadonlySet<string> {
  const id = resourceId('load-balancer', group.id.split('/')[1] ?? '');
  const found = inventory.find(id, gatewayTagValue(gateway));
  const own = new Set(found.flatMap((each) => (each.kind === 'load-balancer' ? each.subnets : [])));
  return new Set(subnets.flatMap((subnet) => (own.has(subnet.id) ? subnet.availabilityZone : [])));
}

/** By an IP address, or by the id of an instance. */
export function zonesOf(
  subnets: readonly Pick<Subnet, 'availabilityZone' | 'cidrBlocks'>[],
  nodes: readonly Node[],
): (id: string) => string | undefined {
  const instances = new Map(nodes.map(zoneOfInstance).filter((each) => each !== undefined));
  const blocks = subnets.flatMap(({ availabilityZone, cidrBlocks }) =>
    cidrBlocks.map((cidr) => ({ availabilityZone, block: ipaddr.parseCIDR(cidr) })),
  );
  return (id) => {
    if (isInstance(id)) return instances.get(id);
    if (!ipaddr.isValid(id)) return undefined;
    const address = ipaddr.parse(id);
    return blocks.find(({ block }) => block[0].kind() === address.kind() && address.match(block))?.availabilityZone;
  };
}
