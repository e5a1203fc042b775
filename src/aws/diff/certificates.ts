// A certificate of another key type can't be imported under the ARN of its predecessor, and a lost answer may leave two of
// one: so a logical id may have several ARNs for a while. The hash tag of what refers to it is by logical id, and would
// not tell which one is in use: as long as there are several, the hash is over the ARN too.
import type { ResourceId, Tags } from '../model/resources.ts';
import type { Existing } from './existing.ts';
import { type HashTag, hasHash } from './tags.ts';

/** What to write a hash of, for a `value` that refers to `certificates`. */
export function hashed(existing: Existing, value: unknown, certificates: readonly ResourceId[]): unknown {
  return isAmbiguous(existing, certificates) ? pinned(existing, value, certificates) : value;
}

/** Whether the tags say that `value` is set, with the ARNs that stand for its certificates. */
export function isSet(
  existing: Existing,
  { tags, tag, value }: { readonly tags: Tags; readonly tag: HashTag; readonly value: unknown },
  certificates: readonly ResourceId[],
): boolean {
  if (!isAmbiguous(existing, certificates) && hasHash(tags, tag, value)) return true;
  return certificates.length > 0 && hasHash(tags, tag, pinned(existing, value, certificates));
}

function isAmbiguous(existing: Existing, certificates: readonly ResourceId[]): boolean {
  return existing.left.some(({ kind, id }) => kind === 'certificate' && certificates.includes(id));
}

function pinned(existing: Existing, value: unknown, certificates: readonly ResourceId[]): unknown {
  return { value, arns: certificates.map((id) => existing.kept.get(id)?.arn ?? null) };
}
