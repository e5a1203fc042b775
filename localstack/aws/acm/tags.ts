import { AwsError, type Input, type Output } from '../service.ts';
import { addTags, type TagErrors } from '../tags.ts';
import type { World } from '../world.ts';
import { validation } from './errors.ts';
import { arnRequest, findCertificate, parse, tagsRequest } from './requests.ts';

interface RequestTag {
  readonly Key: string;
  readonly Value?: string | undefined;
}

const errors: TagErrors = {
  invalid: (message) => new AwsError('InvalidTagException', message),
  duplicate: (message) => new AwsError('InvalidParameterException', message),
  tooMany: (message) => new AwsError('TooManyTagsException', message),
  malformed: validation,
};

function put(onto: Map<string, string>, tags: readonly RequestTag[]): void {
  addTags(
    onto,
    tags.map(({ Key, Value }) => ({ key: Key, value: Value ?? '' })),
    errors,
  );
}

export function newTags(tags: readonly RequestTag[]): Map<string, string> {
  const made = new Map<string, string>();
  put(made, tags);
  return made;
}

export function addTagsToCertificate(world: World, input: Input): Output {
  const { CertificateArn, Tags } = parse(tagsRequest, input);
  put(findCertificate(world, CertificateArn).tags, Tags);
  return {};
}

/** If a value is given, a tag is removed only if it has that value. */
export function removeTagsFromCertificate(world: World, input: Input): Output {
  const { CertificateArn, Tags } = parse(tagsRequest, input);
  const { tags } = findCertificate(world, CertificateArn);
  for (const { Key, Value } of Tags) if (Value === undefined || tags.get(Key) === Value) tags.delete(Key);
  return {};
}

export function listTagsForCertificate(world: World, input: Input): Output {
  const { tags } = findCertificate(world, parse(arnRequest, input).CertificateArn);
  return { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) };
}
