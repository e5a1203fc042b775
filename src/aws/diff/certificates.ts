// A logical id may have several ARNs for a while: a certificate with another key type gets a new ARN, and a lost answer may
// leave two imports. The hash tag of a listener is over logical ids, and would not show which ARN is in use. So while there
// are several, the hash includes the ARN.
import type { ResourceId, Tags } from '../model/resources.ts';
import type { Existing } from './existing.ts';
import { type HashTag, hasHash } from './tags.ts';

/** What the hash is made of, for a `value` that refers to `certificates`. */
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
