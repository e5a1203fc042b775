// docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
import { taggedKinds } from '../ec2/tags.ts';
import { ask, type Call, everything, type Needs, type RequestTags, records, tagsIn, text, texts } from './call.ts';
import type { Asked } from './evaluate.ts';

const name = (action: string): string => `ec2:${action}`;

const arn = ({ world }: Call, type: string, id: string): string =>
  `arn:aws:ec2:${world.region}:${world.accountId}:${type}/${id}`;

/** The tags in TagSpecification for a type of resource. */
function specifiedTags(call: Call, type: string): RequestTags {
  const of = records(call.input, 'TagSpecification').filter((each) => text(each, 'ResourceType') === type);
  return new Map(of.flatMap((each) => [...tagsIn(each, 'Tag')]));
}

/** A new resource, with its tags: writing the tags is a separate action. */
function making(call: Call, type: string): readonly Asked[] {
  const { world, action } = call;
  const made = arn(call, type, '*');
  const requestTags = specifiedTags(call, type);
  const creation = ask(world, name(action), made, { requestTags });
  if (requestTags.size === 0) return [creation];
  return [creation, ask(world, name('CreateTags'), made, { requestTags, createAction: action })];
}

const createSecurityGroup: Needs = (call) => [
  ask(call.world, name(call.action), arn(call, 'vpc', text(call.input, 'VpcId') ?? '*')),
  ...making(call, 'security-group'),
];

const onGroup: Needs = (call) => [
  ask(call.world, name(call.action), arn(call, 'security-group', text(call.input, 'GroupId') ?? '*')),
];

const authorizeRules: Needs = (call) => [...onGroup(call), ...making(call, 'security-group-rule')];

/** If a request describes rules instead of naming their ids, the rules are not resources of the request. */
const revokeRules: Needs = (call) => [
  ...onGroup(call),
  ...texts(call.input, 'SecurityGroupRuleId').map((id) =>
    ask(call.world, name(call.action), arn(call, 'security-group-rule', id)),
  ),
];

/** The id shows the type of a resource. */
function arnOf(call: Call, id: string): string {
  const of = taggedKinds(call.world.ec2).find(({ kind }) => id.startsWith(`${kind.prefix}-`));
  return of ? arn(call, of.type, id) : '*';
}

const tagging: Needs = (call) => {
  const requestTags = tagsIn(call.input, 'Tag');
  return texts(call.input, 'ResourceId').map((id) =>
    ask(call.world, name(call.action), arnOf(call, id), { requestTags }),
  );
};

const getSecurityGroupsForVpc: Needs = (call) => [
  ask(call.world, name(call.action), arn(call, 'vpc', text(call.input, 'VpcId') ?? '*')),
];

export const ec2Resources: Readonly<Record<string, Needs>> = {
  AuthorizeSecurityGroupEgress: authorizeRules,
  AuthorizeSecurityGroupIngress: authorizeRules,
  CreateSecurityGroup: createSecurityGroup,
  CreateTags: tagging,
  DeleteSecurityGroup: onGroup,
  DeleteTags: tagging,
  GetSecurityGroupsForVpc: getSecurityGroupsForVpc,
  ModifySecurityGroupRules: onGroup,
  RevokeSecurityGroupEgress: revokeRules,
  RevokeSecurityGroupIngress: revokeRules,
  UpdateSecurityGroupRuleDescriptionsEgress: onGroup,
  UpdateSecurityGroupRuleDescriptionsIngress: onGroup,
};

/**
 * Descriptions have no narrower scope. Actions of an installer have a narrower scope in AWS; here they need a statement for
 * everything.
 */
export const ec2Others: Needs = everything('ec2');
