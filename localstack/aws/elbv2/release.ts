import { deleteLoadBalancerInterfaces } from '../ec2/network-interfaces.ts';
import type { World } from '../world.ts';
import { arnSuffix } from './arns.ts';
import { listenersOf } from './find.ts';
import { removeListener } from './listener-removal.ts';
import type { LoadBalancer } from './state.ts';
import { targetGroupsOf } from './usage.ts';

/** Deletes a load balancer with its listeners and rules; what it used is held until the release delay is over. */
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

/** Lets go of what deleted load balancers held, where it is time. To be called before anything looks at the state. */
export function releaseLoadBalancers(world: World): void {
  for (const [arn, releasing] of world.elbv2.releasing) {
    if (releasing.until > world.clock.now()) continue;
    deleteLoadBalancerInterfaces(world.ec2, arnSuffix(arn));
    world.elbv2.releasing.delete(arn);
  }
}
