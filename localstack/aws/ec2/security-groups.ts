import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { answer, select } from './describe.ts';
import { dependencyViolation, invalidValue, missingParameter } from './errors.ts';
import type { FilterTable } from './filters.ts';
import { find, idKinds, newId } from './ids.ts';
import { requiredText, text, texts } from './parameters.ts';
import { peerText, permissionSet } from './permissions.ts';
import type { Ec2State, RulePeer, SecurityGroup, SecurityGroupRule, Tags } from './state.ts';
import { newTags, tagSet, tagsFor } from './tag-specifications.ts';

export interface SecurityGroupSpec {
  readonly groupName: string;
  readonly description: string;
  readonly vpcId: string;
  readonly tags?: Tags;
}

/** Creates a group that allows all outgoing traffic, and no incoming traffic. */
export function createSecurityGroup(world: World, spec: SecurityGroupSpec): SecurityGroup {
  const { ec2 } = world;
  const vpc = find(idKinds.vpc, ec2.vpcs, spec.vpcId);
  checkName(spec.groupName);
  checkDescription(spec.description);
  const isTaken = [...ec2.securityGroups.values()].some(
    (group) => group.vpcId === vpc.id && group.groupName === spec.groupName,
  );
  if (isTaken) {
    throw new AwsError(
      'InvalidGroup.Duplicate',
      `The security group '${spec.groupName}' already exists for VPC '${vpc.id}'`,
    );
  }
  if (ec2.securityGroups.size >= world.options.quotas['security-groups-per-region']) {
    throw new AwsError('SecurityGroupLimitExceeded', 'The maximum number of security groups has been reached.');
  }
  return newSecurityGroup(ec2, spec, vpc.ipv6 !== undefined);
}

/** The VPC's own group: its members reach each other. docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html */
export function createDefaultSecurityGroup(ec2: Ec2State, vpcId: string): SecurityGroup {
  const group = newSecurityGroup(
    ec2,
    { groupName: 'default', description: 'default VPC security group', vpcId },
    false,
  );
  addRule(ec2, group, { protocol: '-1', fromPort: -1, toPort: -1, peer: { kind: 'group', groupId: group.id } }, false);
  return group;
}

function newSecurityGroup(ec2: Ec2State, spec: SecurityGroupSpec, hasIpv6: boolean): SecurityGroup {
  const { groupName, description, vpcId } = spec;
  const group: SecurityGroup = {
    id: newId(ec2, 'sg'),
    vpcId,
    groupName,
    description,
    ruleIds: new Set(),
    tags: spec.tags ?? newTags(),
  };
  ec2.securityGroups.set(group.id, group);
  const everywhere: RulePeer[] = [{ kind: 'ipv4', cidr: '0.0.0.0/0' }];
  if (hasIpv6) everywhere.push({ kind: 'ipv6', cidr: '::/0' });
  for (const peer of everywhere) addRule(ec2, group, { protocol: '-1', fromPort: -1, toPort: -1, peer }, true);
  return group;
}

/** Adds a rule that is already checked. */
export function addRule(
  ec2: Ec2State,
  group: SecurityGroup,
  rule: Pick<SecurityGroupRule, 'protocol' | 'fromPort' | 'toPort' | 'peer'> & {
    readonly description?: string | undefined;
  },
  isEgress: boolean,
  tags: Tags = newTags(),
): SecurityGroupRule {
  const added: SecurityGroupRule = {
    id: newId(ec2, 'sgr'),
    groupId: group.id,
    isEgress,
    protocol: rule.protocol,
    fromPort: rule.fromPort,
    toPort: rule.toPort,
    peer: rule.peer,
    description: rule.description,
    tags,
  };
  ec2.securityGroupRules.set(added.id, added);
  group.ruleIds.add(added.id);
  return added;
}

export function rulesOf(ec2: Ec2State, group: SecurityGroup): SecurityGroupRule[] {
  return [...group.ruleIds].flatMap((id) => ec2.securityGroupRules.get(id) ?? []);
}

/** docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html */
function checkName(name: string): void {
  if (name.toLowerCase() === 'default') {
    throw new AwsError(
      'InvalidGroup.Reserved',
      "The name 'default' is reserved, and cannot be used to create a new security group.",
    );
  }
  if (name.startsWith('sg-')) {
    throw invalidValue(
      `Value (${name}) for parameter groupName is invalid. Group names may not be in the format sg-*.`,
    );
  }
  if (!/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(name)) {
    throw invalidValue(
      `Value (${name}) for parameter GroupName is invalid. Character sets beyond ASCII are not supported, and the name has at most 255 characters.`,
    );
  }
}

function checkDescription(description: string): void {
  if (!/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(description)) {
    throw invalidValue(
      `Value (${description}) for parameter GroupDescription is invalid. ` +
        'Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    );
  }
}

export function createSecurityGroupAction(world: World, input: Input): Output {
  const groupName = requiredText(input, 'GroupName');
  const description = requiredText(input, 'GroupDescription');
  const vpcId = text(input, 'VpcId');
  if (vpcId === undefined) throw noDefaultVpc();
  const group = createSecurityGroup(world, { groupName, description, vpcId, tags: tagsFor(input, 'security-group') });
  return { return: true, groupId: group.id, securityGroupArn: arnOf(world, group), tagSet: tagSet(group.tags) };
}

/** No account here has a default VPC, so requests for it are refused with AWS's error. */
function noDefaultVpc(): AwsError {
  return new AwsError('VPCIdNotSpecified', 'No default VPC for this user');
}

export function deleteSecurityGroup(world: World, input: Input): Output {
  const { ec2 } = world;
  const group = requestedGroup(ec2, input);
  if (group.groupName === 'default') {
    throw new AwsError(
      'CannotDelete',
      `the specified group: "${group.id}" name: "default" cannot be deleted by a user`,
    );
  }
  if (isUsed(ec2, group)) throw dependencyViolation(`resource ${group.id} has a dependent object`);
  removeSecurityGroup(ec2, group);
  return { return: true, groupId: group.id };
}

/** The group in a request. A name instead of an id would mean a group of the default VPC. */
export function requestedGroup(ec2: Ec2State, input: Input): SecurityGroup {
  const id = text(input, 'GroupId');
  if (id !== undefined) return find(idKinds.securityGroup, ec2.securityGroups, id);
  throw text(input, 'GroupName') === undefined ? missingParameter('GroupName or GroupId') : noDefaultVpc();
}

/** Whether an interface has the group, or another group's rule names it. */
function isUsed(ec2: Ec2State, group: SecurityGroup): boolean {
  for (const { groupIds } of ec2.networkInterfaces.values()) if (groupIds.includes(group.id)) return true;
  for (const rule of ec2.securityGroupRules.values()) {
    if (rule.groupId !== group.id && rule.peer.kind === 'group' && rule.peer.groupId === group.id) return true;
  }
  return false;
}

export function removeSecurityGroup(ec2: Ec2State, group: SecurityGroup): void {
  for (const id of group.ruleIds) ec2.securityGroupRules.delete(id);
  ec2.securityGroups.delete(group.id);
}

export function describeSecurityGroups(world: World, input: Input): Output {
  if (texts(input, 'GroupName').length > 0) throw noDefaultVpc();
  const page = select(input, {
    kind: idKinds.securityGroup,
    idParameter: 'GroupId',
    records: world.ec2.securityGroups,
    filters: filters(world),
  });
  return answer('securityGroupInfo', page, (group) => view(world, group));
}

function filters(world: World): FilterTable<SecurityGroup> {
  const rules = (group: SecurityGroup, isEgress: boolean): SecurityGroupRule[] =>
    rulesOf(world.ec2, group).filter((rule) => rule.isEgress === isEgress);
  const peers = (group: SecurityGroup, isEgress: boolean, kind: RulePeer['kind']): string[] =>
    rules(group, isEgress).flatMap(({ peer }) => (peer.kind === kind ? [peerText(peer)] : []));
  const ofDirection = (prefix: string, isEgress: boolean): FilterTable<SecurityGroup> => ({
    [`${prefix}.cidr`]: (group) => peers(group, isEgress, 'ipv4'),
    [`${prefix}.ipv6-cidr`]: (group) => peers(group, isEgress, 'ipv6'),
    [`${prefix}.group-id`]: (group) => peers(group, isEgress, 'group'),
    [`${prefix}.prefix-list-id`]: (group) => peers(group, isEgress, 'prefix-list'),
    [`${prefix}.from-port`]: (group) => rules(group, isEgress).map(({ fromPort }) => String(fromPort)),
    [`${prefix}.to-port`]: (group) => rules(group, isEgress).map(({ toPort }) => String(toPort)),
    [`${prefix}.protocol`]: (group) => rules(group, isEgress).map(({ protocol }) => protocol),
    [`${prefix}.user-id`]: (group) => peers(group, isEgress, 'group').map(() => world.accountId),
  });
  return {
    'group-id': (group) => group.id,
    'group-name': (group) => group.groupName,
    description: (group) => group.description,
    'owner-id': () => world.accountId,
    'vpc-id': (group) => group.vpcId,
    ...ofDirection('ip-permission', false),
    ...ofDirection('egress.ip-permission', true),
  };
}

function arnOf(world: World, group: SecurityGroup): string {
  return `arn:aws:ec2:${world.region}:${world.accountId}:security-group/${group.id}`;
}

function view(world: World, group: SecurityGroup): Output {
  const rules = rulesOf(world.ec2, group);
  const permissions = (isEgress: boolean): readonly Output[] =>
    permissionSet(
      rules.filter((rule) => rule.isEgress === isEgress),
      world.accountId,
    );
  return {
    ownerId: world.accountId,
    groupId: group.id,
    securityGroupArn: arnOf(world, group),
    groupName: group.groupName,
    groupDescription: group.description,
    vpcId: group.vpcId,
    ipPermissions: permissions(false),
    ipPermissionsEgress: permissions(true),
    tagSet: tagSet(group.tags),
  };
}
