// What to do about AWS's refusals, by AWS's code. The numbers are AWS's defaults.
// docs.aws.amazon.com: /elasticloadbalancing/latest/{application,network}/load-balancer-limits.html,
// /vpc/latest/userguide/amazon-vpc-limits.html, /acm/latest/userguide/acm-limits.html
import type { CloudRefused, QuotaReached, RegionNearQuota } from './cloud-problem.ts';
import { isOutOfAddresses } from './errors.ts';
import { isOfNetwork } from './model/naming.ts';

const RAISE = 'Raise the quota in Service Quotas';

export function quotaReached({ resource, action, code, detail }: QuotaReached): string {
  if (isOutOfAddresses({ code, detail })) {
    return `AWS refused ${action} for ${resource}: a subnet has too few free IP addresses (${code}: ${detail}). Free addresses in it, or use larger subnets. A load balancer needs 8 free addresses in each.`;
  }
  return `AWS refused ${action} for ${resource}: a quota is reached (${code}: ${detail}). ${adviceFor(code, isOfNetwork(resource))}`;
}

function adviceFor(code: string, isNetwork: boolean): string {
  const loadBalancer = isNetwork ? 'Network Load Balancer' : 'Application Load Balancer';
  switch (code) {
    case 'TooManyLoadBalancers':
      return `AWS allows 50 ${loadBalancer}s in a Region. ${RAISE}, delete load balancers, or use fewer Gateways with more listeners.`;
    case 'TooManyTargetGroups':
      return `AWS allows 3,000 target groups in a Region. ${RAISE}, or delete target groups.`;
    case 'TooManyUniqueTargetGroupsPerLoadBalancer':
      return `AWS allows 100 target groups for a load balancer. ${RAISE}, or use more Gateways.`;
    case 'TooManyListeners':
      return `AWS allows 50 listeners for a load balancer. Use more Gateways.`;
    case 'TooManyRules':
      return `AWS allows 100 rules for a load balancer. ${RAISE}, or use more Gateways.`;
    case 'TooManyCertificates':
      return `AWS allows 25 certificates for a load balancer beside the default ones. ${RAISE}, or use certificates with more names.`;
    case 'TooManyTargets':
      return isNetwork
        ? `AWS allows a Network Load Balancer 500 targets in a zone, or 500 in all with cross-zone load balancing. An Application Load Balancer behind it counts as 50 targets, or as 100 with cross-zone. ${RAISE}, or use more Gateways.`
        : `AWS allows an Application Load Balancer 1,000 targets. ${RAISE}, or use more Gateways.`;
    case 'TooManyRegistrationsForTargetId':
      return 'AWS allows a target only so many registrations: an Application Load Balancer can be behind two Network Load Balancers. Remove it from others.';
    case 'SecurityGroupLimitExceeded':
      return `AWS allows 2,500 security groups in a Region. ${RAISE}, or delete security groups.`;
    case 'RulesPerSecurityGroupLimitExceeded':
      return `AWS allows 60 rules for a security group. ${RAISE}, or use fewer sourceRanges or ports.`;
    case 'SecurityGroupsPerInterfaceLimitExceeded':
      return `AWS allows 5 security groups for a load balancer. ${RAISE}, or name fewer securityGroups.`;
    case 'NetworkInterfaceLimitExceeded':
      return `A load balancer needs a network interface in each subnet. AWS allows 5,000 in a Region. ${RAISE}, or delete network interfaces.`;
    default:
      return 'Raise the quota, or delete what is not needed.';
  }
}

export function regionNearQuota({ of, limit }: RegionNearQuota): string {
  const what = {
    application: 'Application Load Balancers',
    network: 'Network Load Balancers',
    'target-groups': 'target groups',
  }[of];
  return `The account has nearly as many ${what} in the Region as AWS allows by default (${limit.toLocaleString('en')}). Then AWS refuses more. ${RAISE}, or delete what is not needed.`;
}

export function cloudRefused({ resource, action, code, detail }: CloudRefused): string {
  const said = `AWS refused ${action} for ${resource}: ${code}: ${detail}.`;
  const isProtected = code === 'OperationNotPermitted' && action.endsWith(':DeleteLoadBalancer');
  return isProtected
    ? `${said} Deletion protection was turned on outside of Gatehouse. Turn it off: then Gatehouse deletes the load balancer within five minutes.`
    : said;
}
