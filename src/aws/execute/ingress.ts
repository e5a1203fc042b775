import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupRulesCommand,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import type { AwsClients } from '../clients.ts';
import type { Step } from '../diff/step.ts';
import { isAlreadyExists } from '../errors.ts';
import type { IngressRule } from '../model/resources.ts';
import type { Run } from './run.ts';
import { writeTags } from './tagging.ts';

type SetIngress = Extract<Step, { kind: 'set-ingress' }>;

/** Admits what is new before it shuts out what is no longer wanted. */
export async function setIngress(run: Run, { desired, fresh, tags }: SetIngress): Promise<void> {
  const { clients } = run.context;
  const groupId = run.arnOf(desired.id);
  if (fresh) {
    try {
      await authorize(clients, groupId, desired.ingress);
    } catch (error) {
      // The first answer to this very call was lost.
      if (!isAlreadyExists(error)) throw error;
      await reconcileIngress(clients, groupId, desired.ingress);
    }
  } else {
    await reconcileIngress(clients, groupId, desired.ingress);
  }
  await writeTags(run, groupId, tags);
}

async function reconcileIngress(clients: AwsClients, groupId: string, desired: readonly IngressRule[]): Promise<void> {
  const present = await ingressOf(clients, groupId);
  const wanted = new Set(desired.map(ingressKey));
  const there = new Set(present.map(sdkIngressKey));
  await authorize(
    clients,
    groupId,
    desired.filter((rule) => !there.has(ingressKey(rule))),
  );
  const surplus = present
    .filter((rule) => !wanted.has(sdkIngressKey(rule)))
    .flatMap(({ SecurityGroupRuleId }) => SecurityGroupRuleId ?? []);
  if (surplus.length > 0) {
    await clients.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: groupId, SecurityGroupRuleIds: surplus }));
  }
}

async function authorize({ ec2 }: AwsClients, GroupId: string, rules: readonly IngressRule[]): Promise<void> {
  if (rules.length === 0) return;
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: rules.map(permission) }));
}

/** All ingress rules of a group. */
export async function ingressOf({ ec2 }: AwsClients, groupId: string): Promise<readonly SecurityGroupRule[]> {
  const rules: SecurityGroupRule[] = [];
  let NextToken: string | undefined;
  do {
    const page = await ec2.send(
      new DescribeSecurityGroupRulesCommand({
        Filters: [{ Name: 'group-id', Values: [groupId] }],
        MaxResults: 1000,
        NextToken,
      }),
    );
    rules.push(...(page.SecurityGroupRules ?? []).filter(({ IsEgress }) => IsEgress !== true));
    NextToken = page.NextToken;
  } while (NextToken !== undefined && NextToken !== '');
  return rules;
}

function permission({ protocol, fromPort, toPort, source, description: Description }: IngressRule): IpPermission {
  const base = { IpProtocol: protocol, FromPort: fromPort, ToPort: toPort };
  if (source.kind === 'group') return { ...base, UserIdGroupPairs: [{ GroupId: source.groupId, Description }] };
  return source.cidr.includes(':')
    ? { ...base, Ipv6Ranges: [{ CidrIpv6: source.cidr, Description }] }
    : { ...base, IpRanges: [{ CidrIp: source.cidr, Description }] };
}

/** What two rules of one group can't share. */
export const ingressKey = ({ protocol, fromPort, toPort, source }: IngressRule): string =>
  `${protocol} ${fromPort}-${toPort} ${source.kind === 'group' ? source.groupId : source.cidr.toLowerCase()}`;

export const sdkIngressKey = (rule: SecurityGroupRule): string =>
  `${rule.IpProtocol} ${rule.FromPort}-${rule.ToPort} ${rule.ReferencedGroupInfo?.GroupId ?? (rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId ?? '').toLowerCase()}`;
