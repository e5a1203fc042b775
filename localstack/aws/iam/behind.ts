// The calls that Elastic Load Balancing makes with the caller's own permissions.
// docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html
import { ask, type Needs } from './call.ts';

const behind: Readonly<Record<string, readonly string[]>> = {
  CreateLoadBalancer: [
    'DescribeAccountAttributes',
    'DescribeAddresses',
    'DescribeInternetGateways',
    'DescribeSecurityGroups',
    'DescribeSubnets',
    'DescribeVpcs',
    'GetSecurityGroupsForVpc',
  ],
  CreateTargetGroup: ['DescribeInternetGateways', 'DescribeVpcs'],
  RegisterTargets: ['DescribeInstances', 'DescribeInternetGateways', 'DescribeSubnets', 'DescribeVpcs'],
  SetIpAddressType: ['DescribeSubnets'],
  SetSecurityGroups: ['DescribeSecurityGroups', 'GetSecurityGroupsForVpc'],
  SetSubnets: ['DescribeSubnets'],
};

export const elbv2Behind: Needs = ({ world, action }) =>
  (behind[action] ?? []).map((each) => ask(world, `ec2:${each}`, '*'));

const linkedService = 'elasticloadbalancing.amazonaws.com';

/** The first load balancer of an account creates the service-linked role. */
export const serviceLinkedRole: Needs = ({ world }) => {
  const path = `aws-service-role/${linkedService}/AWSServiceRoleForElasticLoadBalancing`;
  const asked = ask(world, 'iam:CreateServiceLinkedRole', `arn:aws:iam::${world.accountId}:role/${path}`);
  return [{ ...asked, context: new Map([...asked.context, ['iam:awsservicename', [linkedService]]]) }];
};
