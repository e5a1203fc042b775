// Whether security groups admit clients to a load balancer, and a load balancer to its targets.
import { loadBalancerInterfaces } from '../ec2/network-interfaces.ts';
import { type End, interfaceOf, isOfVpc, passes } from '../ec2/traffic.ts';
import { arnSuffix } from '../elbv2/arns.ts';
import type { LoadBalancer, Target, TargetGroup } from '../elbv2/state.ts';
import type { World } from '../world.ts';
import { privateAddress } from './target-address.ts';

interface Service {
  readonly port: number;
  /** Default: `tcp`. */
  readonly protocol?: 'tcp' | 'udp';
}

/** A Network Load Balancer may have no groups: then nothing filters it. */
function loadBalancerEnd({ ec2 }: World, loadBalancer: LoadBalancer): End {
  const interfaces = loadBalancerInterfaces(ec2, arnSuffix(loadBalancer.arn));
  const groupIds = [...new Set(interfaces.flatMap((each) => each.groupIds))];
  return {
    groupIds: loadBalancer.type === 'network' && groupIds.length === 0 ? undefined : groupIds,
    addresses: interfaces.flatMap((each) => [...each.privateIpAddresses, ...each.ipv6Addresses]),
  };
}

/** Undefined if nobody has the target's address. */
function targetEnd(world: World, group: TargetGroup, target: Target): End | undefined {
  if (group.targetType === 'alb') {
    const loadBalancer = world.elbv2.loadBalancers.get(target.id);
    return loadBalancer && loadBalancerEnd(world, loadBalancer);
  }
  const address = privateAddress(world, group, target);
  if (address === undefined || group.vpcId === undefined) return undefined;
  const held = interfaceOf(world.ec2, group.vpcId, address);
  if (held) return { groupIds: held.groupIds, addresses: [address] };
  return isOfVpc(world.ec2, group.vpcId, address) ? undefined : { groupIds: undefined, addresses: [address] };
}

/** @param client its address in the VPC. @param port the listener's */
export function admitsClient(
  world: World,
  loadBalancer: LoadBalancer,
  client: string,
  { port, protocol = 'tcp' }: Service,
): boolean {
  const from = { groupIds: undefined, addresses: [client] };
  return passes(world.ec2, { from, to: loadBalancerEnd(world, loadBalancer), protocol, port });
}

/**
 * Whether security groups admit the load balancer to a target. If not, it gets neither an answer nor a refusal.
 * @param client the address in the VPC that the target sees; default: the load balancer's own
 */
export function reachesTarget(
  world: World,
  loadBalancer: LoadBalancer,
  { group, target }: { readonly group: TargetGroup; readonly target: Target },
  { port, protocol = 'tcp' }: Service,
  client?: string,
): boolean {
  const to = targetEnd(world, group, target);
  const own = loadBalancerEnd(world, loadBalancer);
  const from = client === undefined ? own : { ...own, addresses: [client] };
  return to !== undefined && passes(world.ec2, { from, to, protocol, port });
}
