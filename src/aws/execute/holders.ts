// Finds the users of a resource that AWS refuses to delete, because the refusal does not name them.
import { DescribeNetworkInterfacesCommand } from '@aws-sdk/client-ec2';
import { DescribeTargetGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsClients } from '../clients.ts';
import type { Holder } from '../cloud-problem.ts';
import { pages, securityGroupRules, securityGroups } from '../inventory/describe.ts';

/**
 * Looks only in this account and region. A security group in a peered VPC of another account may refer to a group, but we
 * cannot see that. The users of a certificate are not looked up, because that needs the permission for DescribeCertificate.
 * @param arn an ARN, or a security group's id
 * @throws AwsError
 */
export async function holdersOf(clients: AwsClients, arn: string): Promise<readonly Holder[]> {
  if (arn.startsWith('sg-')) return await holdersOfGroup(clients, arn);
  if (arn.includes(':targetgroup/')) return await holdersOfTargetGroup(clients, arn);
  return [];
}

async function holdersOfGroup(clients: AwsClients, groupId: string): Promise<readonly Holder[]> {
  const [ingress, egress, interfaces] = await Promise.all([
    securityGroups(clients, [{ Name: 'ip-permission.group-id', Values: [groupId] }]),
    securityGroups(clients, [{ Name: 'egress.ip-permission.group-id', Values: [groupId] }]),
    interfacesOf(clients, groupId),
  ]);
  // A group that refers only to itself can be deleted.
  const naming = new Set(
    [...ingress, ...egress].flatMap(({ GroupId }) => (GroupId === groupId ? [] : (GroupId ?? []))),
  );
  const rules = naming.size === 0 ? [] : await securityGroupRules(clients, [...naming]);
  const found = [
    ...rules.flatMap(({ SecurityGroupRuleId: rule = '', GroupId: group = '', ReferencedGroupInfo }): Holder[] =>
      ReferencedGroupInfo?.GroupId === groupId ? [{ kind: 'group-rule', rule, group }] : [],
    ),
    ...interfaces,
  ];
  // AWS's order changes from call to call, and the status must not.
  return found.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const interfacesOf = ({ ec2 }: AwsClients, groupId: string): Promise<Holder[]> =>
  pages(async (NextToken) => {
    const page = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'group-id', Values: [groupId] }], NextToken }),
    );
    const found = page.NetworkInterfaces?.map(
      ({ NetworkInterfaceId: id = '', Description: description = '' }): Holder => ({
        kind: 'network-interface',
        id,
        description,
      }),
    );
    return [found, page.NextToken];
  });

async function holdersOfTargetGroup({ elbv2 }: AwsClients, arn: string): Promise<readonly Holder[]> {
  const { TargetGroups = [] } = await elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }));
  return TargetGroups.flatMap(({ LoadBalancerArns = [] }) =>
    LoadBalancerArns.map((each): Holder => ({ kind: 'load-balancer', arn: each })),
  );
}
