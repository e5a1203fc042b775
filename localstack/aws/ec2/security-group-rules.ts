// Rules of security groups: authorizing, revoking, changing and describing them. Every call does everything or nothing.

import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { answer, select } from './describe.ts';
import { invalidCombination, invalidValue, missingParameter } from './errors.ts';
import type { FilterTable } from './filters.ts';
import { find, idKinds } from './ids.ts';
import { record, records, requiredText, texts } from './parameters.ts';
import {
  descriptionOf,
  modifiedRule,
  peerView,
  type RuleSpec,
  requestedRules,
  ruleKey,
  ruleText,
} from './permissions.ts';
import { addRule, requestedGroup, rulesOf } from './security-groups.ts';
import type { SecurityGroup, SecurityGroupRule, Tags } from './state.ts';
import { newTags, tagSet, tagsFor } from './tag-specifications.ts';

export type Direction = 'ingress' | 'egress';

/** @throws InvalidPermission.Duplicate, RulesPerSecurityGroupLimitExceeded, and the error for an unknown peer. */
export function authorizeRules(
  world: World,
  group: SecurityGroup,
  direction: Direction,
  rules: readonly RuleSpec[],
  tags: Tags = newTags(),
): SecurityGroupRule[] {
  const { ec2 } = world;
  if (rules.length === 0) throw missingParameter('ipPermissions');
  const isEgress = direction === 'egress';
  const existing = rulesOf(ec2, group).filter((rule) => rule.isEgress === isEgress);
  checkDistinct(rules);
  const keys = new Set(existing.map(ruleKey));
  for (const rule of rules) {
    checkPeer(world, group, rule);
    if (keys.has(ruleKey(rule))) {
      throw new AwsError('InvalidPermission.Duplicate', `the specified rule ${ruleText(rule)} already exists`);
    }
  }
  checkCount(world, [...existing, ...rules]);
  return rules.map((rule) => addRule(ec2, group, rule, isEgress, new Map(tags)));
}

function checkDistinct(rules: readonly RuleSpec[]): void {
  if (new Set(rules.map(ruleKey)).size < rules.length) {
    throw invalidValue('The same permission must not appear multiple times');
  }
}

function checkPeer(world: World, group: SecurityGroup, rule: RuleSpec): void {
  if (rule.peer.kind !== 'group') return;
  const peer = find(idKinds.securityGroup, world.ec2.securityGroups, rule.peer.groupId);
  if (peer.vpcId !== group.vpcId)
    throw invalidValue('You have specified two resources that belong to different networks.');
}

/**
 * The quota counts IPv4 and IPv6 rules separately. A rule with a group or a prefix list counts for both (here a prefix list
 * is one rule). docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
 */
function checkCount(world: World, rules: readonly RuleSpec[]): void {
  const limit = world.options.quotas['inbound-rules-per-security-group'];
  const without = (kind: 'ipv4' | 'ipv6'): number => rules.filter(({ peer }) => peer.kind !== kind).length;
  if (Math.max(without('ipv4'), without('ipv6')) > limit) {
    throw new AwsError(
      'RulesPerSecurityGroupLimitExceeded',
      'The maximum number of rules per security group has been reached.',
    );
  }
}

export function authorize(direction: Direction) {
  return (world: World, input: Input): Output => {
    const group = requestedGroup(world.ec2, input);
    const tags = tagsFor(input, 'security-group-rule');
    const added = authorizeRules(world, group, direction, requestedRules(input), tags);
    return { return: true, securityGroupRuleSet: added.map((rule) => view(world, rule)) };
  };
}

export function revoke(direction: Direction) {
  return (world: World, input: Input): Output => {
    const { ec2 } = world;
    const group = requestedGroup(ec2, input);
    const ids = texts(input, 'SecurityGroupRuleId');
    const named = requestedRules(input);
    if (ids.length > 0 && named.length > 0) {
      throw invalidCombination('The parameters securityGroupRuleIds and ipPermissions cannot be used together');
    }
    if (ids.length === 0 && named.length === 0) throw missingParameter('securityGroupRuleIds or ipPermissions');
    const revoked = ids.length > 0 ? ruleById(world, group, direction, ids) : rulesLike(world, group, direction, named);
    for (const rule of revoked) {
      ec2.securityGroupRules.delete(rule.id);
      group.ruleIds.delete(rule.id);
    }
    return { return: true, revokedSecurityGroupRuleSet: revoked.map(revokedView) };
  };
}

function ruleById(
  world: World,
  group: SecurityGroup,
  direction: Direction,
  ids: readonly string[],
): SecurityGroupRule[] {
  return [...new Set(ids)].map((id) => {
    const rule = find(idKinds.securityGroupRule, world.ec2.securityGroupRules, id);
    if (rule.groupId !== group.id || rule.isEgress !== (direction === 'egress')) {
      throw new AwsError('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`);
    }
    return rule;
  });
}

function rulesLike(
  world: World,
  group: SecurityGroup,
  direction: Direction,
  named: readonly RuleSpec[],
): SecurityGroupRule[] {
  const existing = new Map(
    rulesOf(world.ec2, group).flatMap((rule) =>
      rule.isEgress === (direction === 'egress') ? [[ruleKey(rule), rule] as const] : [],
    ),
  );
  const found = named.map((spec) => {
    const rule = existing.get(ruleKey(spec));
    if (rule === undefined) {
      throw new AwsError('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
    return rule;
  });
  return [...new Set(found)];
}

export function modifySecurityGroupRules(world: World, input: Input): Output {
  const { ec2 } = world;
  const group = requestedGroup(ec2, { GroupId: requiredText(input, 'GroupId') });
  const after = new Map(rulesOf(ec2, group).map((rule) => [rule.id, rule]));
  const updates = records(input, 'SecurityGroupRule');
  if (updates.length === 0) throw missingParameter('SecurityGroupRule');
  for (const update of updates) {
    const rule = find(idKinds.securityGroupRule, after, requiredText(update, 'SecurityGroupRuleId'));
    const spec = modifiedRule(record(update, 'SecurityGroupRule') ?? {});
    checkPeer(world, group, spec);
    after.set(rule.id, { ...rule, ...spec, description: spec.description });
  }
  for (const isEgress of [false, true]) {
    const rules = [...after.values()].filter((rule) => rule.isEgress === isEgress);
    if (new Set(rules.map(ruleKey)).size < rules.length) {
      throw new AwsError('InvalidPermission.Duplicate', 'the modified rule already exists in the security group');
    }
    checkCount(world, rules);
  }
  for (const rule of after.values()) ec2.securityGroupRules.set(rule.id, rule);
  return { return: true };
}

export function updateDescriptions(direction: Direction) {
  return (world: World, input: Input): Output => {
    const group = requestedGroup(world.ec2, input);
    const named = requestedRules(input);
    const byId = records(input, 'SecurityGroupRuleDescription');
    const changes: readonly (readonly [SecurityGroupRule, string | undefined])[] = [
      ...named.flatMap((spec) =>
        rulesLike(world, group, direction, [spec]).map((rule) => [rule, spec.description] as const),
      ),
      ...byId.flatMap((entry) =>
        ruleById(world, group, direction, [requiredText(entry, 'SecurityGroupRuleId')]).map(
          (rule) => [rule, descriptionOf(entry)] as const,
        ),
      ),
    ];
    if (changes.length === 0) throw missingParameter('ipPermissions or securityGroupRuleDescriptions');
    for (const [rule, description] of changes) world.ec2.securityGroupRules.set(rule.id, { ...rule, description });
    return { return: true };
  };
}

export function describeSecurityGroupRules(world: World, input: Input): Output {
  const page = select(input, {
    kind: idKinds.securityGroupRule,
    idParameter: 'SecurityGroupRuleId',
    records: world.ec2.securityGroupRules,
    filters,
  });
  return answer('securityGroupRuleSet', page, (rule) => view(world, rule));
}

const filters: FilterTable<SecurityGroupRule> = {
  'group-id': (rule) => rule.groupId,
  'security-group-rule-id': (rule) => rule.id,
};

function view(world: World, rule: SecurityGroupRule): Output {
  const { ec2, accountId, region } = world;
  return {
    securityGroupRuleId: rule.id,
    securityGroupRuleArn: `arn:aws:ec2:${region}:${accountId}:security-group-rule/${rule.id}`,
    groupId: rule.groupId,
    groupOwnerId: accountId,
    isEgress: rule.isEgress,
    ipProtocol: rule.protocol,
    fromPort: rule.fromPort,
    toPort: rule.toPort,
    ...(rule.peer.kind === 'group'
      ? {
          referencedGroupInfo: {
            groupId: rule.peer.groupId,
            userId: accountId,
            vpcId: ec2.securityGroups.get(rule.peer.groupId)?.vpcId,
          },
        }
      : peerView(rule)),
    description: rule.description,
    tagSet: tagSet(rule.tags),
  };
}

function revokedView(rule: SecurityGroupRule): Output {
  return {
    securityGroupRuleId: rule.id,
    groupId: rule.groupId,
    isEgress: rule.isEgress,
    ipProtocol: rule.protocol,
    fromPort: rule.fromPort,
    toPort: rule.toPort,
    ...peerView(rule),
    description: rule.description,
  };
}
