// CreateTags, DeleteTags and DescribeTags, for all resources. The id's prefix shows the type.

import { AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { page } from './describe.ts';
import { missingParameter } from './errors.ts';
import { filtered } from './filters.ts';
import { find, type IdKind, idKinds } from './ids.ts';
import { records, requiredText, text, texts } from './parameters.ts';
import type { Ec2State, Tags } from './state.ts';
import { putTags, requestTags } from './tag-specifications.ts';

export interface TaggedKind {
  /** The name in an ARN and in TagSpecifications: `security-group`. */
  readonly type: string;
  readonly kind: IdKind;
  readonly records: ReadonlyMap<string, { readonly id: string; readonly tags: Tags }>;
}

/** Every kind of resource that has tags. */
export function taggedKinds(ec2: Ec2State): readonly TaggedKind[] {
  return [
    { type: 'vpc', kind: idKinds.vpc, records: ec2.vpcs },
    { type: 'subnet', kind: idKinds.subnet, records: ec2.subnets },
    { type: 'security-group', kind: idKinds.securityGroup, records: ec2.securityGroups },
    { type: 'security-group-rule', kind: idKinds.securityGroupRule, records: ec2.securityGroupRules },
    { type: 'network-interface', kind: idKinds.networkInterface, records: ec2.networkInterfaces },
    { type: 'instance', kind: idKinds.instance, records: ec2.instances },
    { type: 'route-table', kind: idKinds.routeTable, records: ec2.routeTables },
    { type: 'internet-gateway', kind: idKinds.internetGateway, records: ec2.internetGateways },
    { type: 'elastic-ip', kind: idKinds.elasticIp, records: ec2.elasticIps },
  ];
}

const maxResources = 1000;

function resourceTags(ec2: Ec2State, input: Input): Tags[] {
  const ids = texts(input, 'ResourceId');
  if (ids.length === 0) throw missingParameter('resourceIdSet');
  if (ids.length > maxResources) {
    throw new AwsError('InvalidParameterValue', `At most ${maxResources} resources may be tagged at once`);
  }
  const kinds = taggedKinds(ec2);
  return ids.map((id) => {
    const of = kinds.find(({ kind }) => id.startsWith(`${kind.prefix}-`));
    if (of === undefined) throw new AwsError('InvalidID', `The ID '${id}' is not valid`);
    return find(of.kind, of.records, id).tags;
  });
}

export function createTags(world: World, input: Input): Output {
  const resources = resourceTags(world.ec2, input);
  const tags = requestTags(input);
  if (tags.length === 0) throw missingParameter('tagSet');
  // Copies are tried first, so that all resources get the tags, or none.
  for (const onto of resources) putTags(new Map(onto), tags);
  for (const onto of resources) putTags(onto, tags);
  return { return: true };
}

/** If a value is given, a tag is removed only if it has that value. Without tags, all tags are removed. */
export function deleteTags(world: World, input: Input): Output {
  const named = records(input, 'Tag').map((tag) => ({ key: requiredText(tag, 'Key'), value: text(tag, 'Value') }));
  for (const tags of resourceTags(world.ec2, input)) {
    if (named.length === 0) tags.clear();
    for (const { key, value } of named) if (value === undefined || tags.get(key) === value) tags.delete(key);
  }
  return { return: true };
}

interface TagEntry {
  readonly resourceId: string;
  readonly resourceType: string;
  readonly key: string;
  readonly value: string;
}

export function describeTags(world: World, input: Input): Output {
  const entries = taggedKinds(world.ec2).flatMap(({ type, records: all }) =>
    [...all.values()].flatMap(({ id, tags }) =>
      [...tags].map(([key, value]): TagEntry => ({ resourceId: id, resourceType: type, key, value })),
    ),
  );
  const found = filtered<TagEntry>(
    input,
    {
      key: (entry) => entry.key,
      value: (entry) => entry.value,
      'resource-id': (entry) => entry.resourceId,
      'resource-type': (entry) => entry.resourceType,
    },
    (entry) => new Map([[entry.key, entry.value]]),
    entries,
  );
  const { records: onPage, nextToken } = page(input, found, (entry) => `${entry.resourceId} ${entry.key}`);
  return { tagSet: onPage.map((entry) => ({ ...entry })), nextToken };
}
