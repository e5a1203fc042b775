// Tags as EC2 reads and checks them. docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions

import { AwsError, type Input, type Output } from '../service.ts';
import { addTags, type Tag, type TagErrors } from '../tags.ts';
import { invalidValue } from './errors.ts';
import { records, text } from './parameters.ts';
import type { Tags } from './state.ts';

const errors: TagErrors = {
  invalid: invalidValue,
  duplicate: invalidValue,
  tooMany: (message) => new AwsError('TagLimitExceeded', message),
};

/** `Tag` of a request. A missing value is an empty one. */
export function requestTags(input: Input): Tag[] {
  return records(input, 'Tag').map((tag) => ({ key: text(tag, 'Key') ?? '', value: text(tag, 'Value') ?? '' }));
}

/** Adds tags. @throws if AWS would refuse them; then nothing has changed. */
export function putTags(onto: Tags, tags: readonly Tag[]): void {
  addTags(onto, tags, errors);
}

export function newTags(tags: Iterable<readonly [string, string]> = []): Tags {
  const made: Tags = new Map();
  putTags(
    made,
    [...tags].map(([key, value]) => ({ key, value })),
  );
  return made;
}

/**
 * The tags in a call that creates a resource.
 * @param taggable the resource types that the action takes tags for, for example `vpc`.
 */
export function specifiedTags(input: Input, taggable: readonly string[]): ReadonlyMap<string, Tags> {
  const byType = new Map<string, Tags>(taggable.map((type) => [type, new Map()]));
  for (const specification of records(input, 'TagSpecification')) {
    const type = text(specification, 'ResourceType') ?? '';
    const tags = byType.get(type);
    if (tags === undefined) {
      throw invalidValue(`'${type}' is not a valid taggable resource type for this operation.`);
    }
    putTags(tags, requestTags(specification));
  }
  return byType;
}

/** The same, for an action that creates one kind of resource. */
export function tagsFor(input: Input, type: string): Tags {
  return specifiedTags(input, [type]).get(type) ?? new Map();
}

export function tagSet(tags: ReadonlyMap<string, string>): readonly Output[] {
  return [...tags].map(([key, value]) => ({ key, value }));
}
