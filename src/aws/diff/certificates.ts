// A logical id may have several ARNs for a while: a certificate with another key type gets a new ARN, and a lost answer may
// leave two imports. A listener's hash tag is made of logical ids, so it would not show which ARN is in use. The hash includes
// the ARN while there are several.
import type { ResourceId, Tags } from '../model/resources.ts';
import type { Existing } from './existing.ts';
import { type HashTag, hasHash } from './tags.ts';

/** The input of the hash, if `value` refers to `certificates`. */
export function hashed(existing: Existing, value: unknown, certificates: readonly ResourceId[]): unknown {
  return isAmbiguous(existing, certificates) ? pinned(existing, value, certificates) : value;
}

/** Whether the tags say that `value` is set, with the current ARNs of its certificates. */
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
