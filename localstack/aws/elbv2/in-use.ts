import type { Elbv2State } from './state.ts';

/**
 * ARNs of the load balancers that use a certificate, as default or by SNI. Deleted load balancers count until their release.
 * `now` is milliseconds since 1970.
 */
export function loadBalancersUsingCertificate(elb: Elbv2State, certificateArn: string, now: number): string[] {
  const arns = new Set<string>();
  for (const listener of elb.listeners.values()) {
    if (listener.defaultCertificate === certificateArn || listener.certificates.has(certificateArn)) {
      arns.add(listener.loadBalancerArn);
    }
  }
  for (const releasing of elb.releasing.values()) {
    if (releasing.until > now && releasing.certificateArns.has(certificateArn)) arns.add(releasing.loadBalancerArn);
  }
  return [...arns];
}

/** Whether a load balancer uses a target group. A deleted load balancer counts until its release. */
export function isTargetGroupReleasing(elb: Elbv2State, targetGroupArn: string, now: number): boolean {
  return [...elb.releasing.values()].some((gone) => gone.until > now && gone.targetGroupArns.has(targetGroupArn));
}
