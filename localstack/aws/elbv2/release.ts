import { deleteLoadBalancerInterfaces } from '../ec2/network-interfaces.ts';
import type { World } from '../world.ts';
import { arnSuffix } from './arns.ts';
import { listenersOf } from './find.ts';
import { removeListener } from './listener-removal.ts';
import type { LoadBalancer } from './state.ts';
import { targetGroupsOf } from './usage.ts';

/** Deletes a load balancer with its listeners and rules. AWS holds what it used until the release delay is over. */
export function deleteLoadBalancer(world: World, loadBalancer: LoadBalancer): void {
  const state = world.elbv2;
  const targetGroupArns = new Set<string>();
  const certificateArns = new Set<string>();
  for (const rule of state.rules.values()) {
    if (rule.loadBalancerArn !== loadBalancer.arn) continue;
    for (const arn of targetGroupsOf(rule.actions)) targetGroupArns.add(arn);
  }
  for (const listener of listenersOf(state, loadBalancer.arn)) {
    if (listener.defaultCertificate !== undefined) certificateArns.add(listener.defaultCertificate);
    for (const arn of listener.certificates) certificateArns.add(arn);
    removeListener(world, listener);
  }
  state.loadBalancers.delete(loadBalancer.arn);
  const until = world.clock.now() + world.options.releaseSeconds * 1000;
  state.releasing.set(loadBalancer.arn, {
    loadBalancerArn: loadBalancer.arn,
    targetGroupArns,
    certificateArns,
    until,
  });
  releaseLoadBalancers(world);
}

/** Releases the resources of deleted load balancers after their delay. Call it before each read of the state. */
export function releaseLoadBalancers(world: World): void {
  for (const [arn, releasing] of world.elbv2.releasing) {
    if (releasing.until > world.clock.now()) continue;
    deleteLoadBalancerInterfaces(world.ec2, arnSuffix(arn));
    world.elbv2.releasing.delete(arn);
  }
}
