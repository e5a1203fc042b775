import type { AwsError } from './service.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** The error codes of a service for invalid tags. */
export interface TagErrors {
  readonly invalid: (message: string) => AwsError;
  readonly tooMany: (message: string) => AwsError;
  readonly duplicate: (message: string) => AwsError;
  /** For invalid characters; without it, all characters are valid. */
  readonly malformed?: (message: string) => AwsError;
}

/**
 * ELB's and ACM's characters: see their API_Tag pages. Values may also have `&`, `<` and `>`, which the pages lack, so that
 * tests can check how a client reads escaped XML.
 */
const restrictedKey = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const restrictedValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@&<>]*$/u;

const maxTags = 50;

/**
 * Adds tags to a resource by AWS's rules. If it throws, nothing has changed.
 * docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html: 50 tags, key 1–128, value 0–256
 * characters, `aws:` is reserved. EC2 takes all characters, others do not.
 */
export function addTags(onto: Map<string, string>, tags: readonly Tag[], errors: TagErrors): void {
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (seen.has(key)) throw errors.duplicate(`Tag keys must be unique: ${key}`);
    seen.add(key);
    if (key.length < 1 || key.length > 128) throw errors.invalid('A tag key must be 1 to 128 characters long');
    if (value.length > 256) throw errors.invalid(`The value of tag ${key} is longer than 256 characters`);
    const malformed = restrictedKey.test(key) ? (restrictedValue.test(value) ? undefined : value) : key;
    if (malformed !== undefined && errors.malformed) {
      const constraint = 'Member must satisfy regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$';
      throw errors.malformed(
        `1 validation error detected: Value '${malformed}' failed to satisfy constraint: ${constraint}`,
      );
    }
    if (key.toLowerCase().startsWith('aws:')) throw errors.invalid("Tag keys starting with 'aws:' are reserved");
  }
  const added = tags.filter(({ key }) => !onto.has(key)).length;
  if (onto.size + added > maxTags) throw errors.tooMany(`A resource may have at most ${maxTags} tags`);
  for (const { key, value } of tags) onto.set(key, value);
}
