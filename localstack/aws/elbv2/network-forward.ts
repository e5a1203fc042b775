// Checks that the target groups of a Network Load Balancer's listener fit the listener and each other.
// docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html, …/create-listener.html
import type { World } from '../world.ts';
import { invalidConfiguration } from './errors.ts';
import type { ForwardAction } from './forward.ts';
import type { Listener, LoadBalancer, TargetGroup } from './state.ts';

type Via = Pick<Listener, 'protocol'>;

export function checkNetworkForward(
  world: World,
  loadBalancer: Pick<LoadBalancer, 'ipAddressType' | 'enablePrefixForIpv6SourceNat'>,
  { protocol }: Via,
  { ForwardConfig }: ForwardAction,
): void {
  const groups = ForwardConfig.TargetGroups.flatMap(
    ({ TargetGroupArn }) => world.elbv2.targetGroups.get(TargetGroupArn) ?? [],
  );
  for (const group of groups) checkGroup(group, protocol);
  if (new Set(groups.map(({ ipAddressType }) => ipAddressType)).size > 1) {
    throw invalidConfiguration('The target groups of a forward action must have the same IP address type');
  }
  if (loadBalancer.ipAddressType === 'dualstack' && (protocol === 'UDP' || protocol === 'TCP_UDP')) {
    if (loadBalancer.enablePrefixForIpv6SourceNat !== 'on') {
      throw invalidConfiguration(
        `A ${protocol} listener of a dualstack load balancer needs EnablePrefixForIpv6SourceNat to be on`,
      );
    }
    if (groups.some(({ ipAddressType }) => ipAddressType === 'ipv4')) {
      throw invalidConfiguration(`A ${protocol} listener of a dualstack load balancer requires IPv6 target groups`);
    }
  }
}

function checkGroup(group: TargetGroup, protocol: string): void {
  // "Only TCP listeners can forward traffic to an Application Load Balancer target group."
  if (group.targetType === 'alb' && protocol !== 'TCP') {
    throw invalidConfiguration(`Listener protocol '${protocol}' is not supported with target groups of type 'alb'`);
  }
  // "Sticky sessions are not supported with TLS listeners and TLS target groups."
  if (protocol === 'TLS' && group.attributes.get('stickiness.enabled') === 'true') {
    throw invalidConfiguration(`Target group '${group.arn}' has stickiness enabled, which TLS listeners don't support`);
  }
}
