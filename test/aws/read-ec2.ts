// Reads security groups, their rules, and subnets from EC2.
import {
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
  type EC2ClientConfig,
  type SecurityGroupRule as SdkRule,
} from '@aws-sdk/client-ec2';
import type { Ec2State, RulePeer, SecurityGroupRule } from '../../localstack/aws/ec2/state.ts';
import { tagsOf, unlessAbsent } from './answers.ts';

function peerOf({ CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo }: SdkRule): RulePeer {
  if (CidrIpv4 !== undefined) return { kind: 'ipv4', cidr: CidrIpv4 };
  if (CidrIpv6 !== undefined) return { kind: 'ipv6', cidr: CidrIpv6 };
  if (PrefixListId !== undefined) return { kind: 'prefix-list', prefixListId: PrefixListId };
  return { kind: 'group', groupId: ReferencedGroupInfo?.GroupId ?? '' };
}

const ruleOf = (described: SdkRule): SecurityGroupRule => ({
  id: described.SecurityGroupRuleId ?? '',
  groupId: described.GroupId ?? '',
  isEgress: described.IsEgress ?? false,
  protocol: described.IpProtocol ?? '-1',
  fromPort: described.FromPort ?? -1,
  toPort: described.ToPort ?? -1,
  peer: peerOf(described),
  description: described.Description,
  tags: tagsOf(described.Tags),
});

export class Ec2Reader {
  readonly #ec2: EC2Client;
  readonly #state: Ec2State;

  constructor(client: EC2ClientConfig, state: Ec2State) {
    this.#ec2 = new EC2Client(client);
    this.#state = state;
  }

  async read(id: string): Promise<void> {
    if (id.startsWith('sg-')) await this.#readGroup(id);
    // A rule that is not known yet is read with its group, which the call names too.
    const groupId = this.#state.securityGroupRules.get(id)?.groupId;
    if (groupId !== undefined) await this.#readGroup(groupId);
    // Nothing changes subnets.
    if (id.startsWith('subnet-') && !this.#state.subnets.has(id)) await this.#readSubnet(id);
  }

  async #readGroup(id: string): Promise<void> {
    const [groups, rules] = await Promise.all([
      unlessAbsent(this.#ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [id] }))),
      this.#ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [id] }] })),
    ]);
    const { securityGroups, securityGroupRules } = this.#state;
    for (const [ruleId, { groupId }] of securityGroupRules) if (groupId === id) securityGroupRules.delete(ruleId);
    const described = groups?.SecurityGroups?.[0];
    if (described === undefined) {
      securityGroups.delete(id);
      return;
    }
    const fresh = (rules.SecurityGroupRules ?? []).map(ruleOf);
    for (const rule of fresh) securityGroupRules.set(rule.id, rule);
    securityGroups.set(id, {
      id,
      vpcId: described.VpcId ?? '',
      groupName: described.GroupName ?? '',
      description: described.Description ?? '',
      ruleIds: new Set(fresh.map((rule) => rule.id)),
      tags: tagsOf(described.Tags),
    });
  }

  async #readSubnet(id: string): Promise<void> {
    const answer = await unlessAbsent(this.#ec2.send(new DescribeSubnetsCommand({ SubnetIds: [id] })));
    const described = answer?.Subnets?.[0];
    if (described === undefined) return;
    const ipv6 = described.Ipv6CidrBlockAssociationSet?.[0];
    this.#state.subnets.set(id, {
      id,
      vpcId: described.VpcId ?? '',
      cidrBlock: described.CidrBlock ?? '',
      ipv6: ipv6 && { associationId: ipv6.AssociationId ?? '', cidrBlock: ipv6.Ipv6CidrBlock ?? '' },
      availabilityZone: described.AvailabilityZone ?? '',
      availabilityZoneId: described.AvailabilityZoneId ?? '',
      outpostArn: described.OutpostArn,
      mapPublicIpOnLaunch: described.MapPublicIpOnLaunch ?? false,
      tags: tagsOf(described.Tags),
    });
  }

  destroy(): void {
    this.#ec2.destroy();
  }
}
