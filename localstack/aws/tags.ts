import type { AwsError } from './service.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** What each service calls the same refusals. */
export interface TagErrors {
  readonly invalid: (message: string) => AwsError;
  readonly tooMany: (message: string) => AwsError;
  readonly duplicate: (message: string) => AwsError;
}

const maxTags = 50;

/**
 * Puts tags on a resource by AWS's rules; nothing is changed when it throws.
 * docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html: 50 tags, key 1–128, value 0–256
 * characters, `aws:` is reserved.
 */
export function addTags(onto: Map<string, string>, tags: readonly Tag[], errors: TagErrors): void {
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (seen.has(key)) throw errors.duplicate(`Tag keys must be unique: ${key}`);
    seen.add(key);
    if (key.length < 1 || key.length > 128) throw errors.invalid('A tag key must be 1 to 128 characters long');
    if (value.length > 256) throw errors.invalid(`The value of tag ${key} is longer than 256 characters`);
    if (key.toLowerCase().startsWith('aws:')) throw errors.invalid("Tag keys starting with 'aws:' are reserved");
  }
  const added = tags.filter(({ key }) => !onto.has(key)).length;
  if (onto.size + added > maxTags) throw errors.tooMany(`A resource may have at most ${maxTags} tags`);
  for (const { key, value } of tags) onto.set(key, value);
}
