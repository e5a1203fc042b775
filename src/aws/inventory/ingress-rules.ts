// The ingress rules of security groups in AWS, and the key by which they are compared with desired rules.
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import { canonicalCidr } from '../cidr.ts';
import type { AwsClients } from '../clients.ts';
import type { IngressRule, ResourceId } from '../model/resources.ts';
import { securityGroupRules } from './describe.ts';

export type Family = 'ipv4' | 'ipv6';

export interface PresentRule {
  readonly ruleId: string;
  readonly groupId: string;
  readonly key: string;
  /** A rule whose source is a security group or a prefix list counts for both. */
  readonly families: readonly Family[];
}

/** Names security groups by their ids in AWS. */
export type ResolvedRule = IngressRule<{ readonly groupId: string }>;

export const resolved = (rules: readonly IngressRule[], idOf: (group: ResourceId) => string): readonly ResolvedRule[] =>
  rules.map(({ source, ...rule }) =>
    source.kind === 'group' && 'group' in source
      ? { ...rule, source: { kind: 'group', groupId: idOf(source.group) } }
      : { ...rule, source },
  );

/** Two rules of one group never have the same key. */
export const ingressKey = ({ protocol, fromPort, toPort, source }: ResolvedRule): string =>
  `${protocol} ${fromPort}-${toPort} ${source.kind === 'group' ? source.groupId : canonicalCidr(source.cidr)}`;

/** All ingress rules of these groups. */
export async function presentRules(clients: AwsClients, groups: readonly string[]): Promise<readonly PresentRule[]> {
  const rules = await securityGroupRules(clients, groups);
  return rules.filter(({ IsEgress }) => IsEgress !== true).flatMap(presentRule);
}

function presentRule(rule: SecurityGroupRule): PresentRule[] {
  const { SecurityGroupRuleId: ruleId, GroupId: groupId, IpProtocol, FromPort, ToPort } = rule;
  if (ruleId === undefined || groupId === undefined) return [];
  const { CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo } = rule;
  const source = ReferencedGroupInfo?.GroupId ?? PrefixListId ?? canonicalCidr(CidrIpv4 ?? CidrIpv6 ?? '');
  const key = `${IpProtocol} ${FromPort}-${ToPort} ${source}`;
  const families = CidrIpv4 !== undefined ? ['ipv4' as const] : CidrIpv6 !== undefined ? ['ipv6' as const] : both;
  return [{ ruleId, groupId, key, families }];
}

const both = ['ipv4', 'ipv6'] as const;
