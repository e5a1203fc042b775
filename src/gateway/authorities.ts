// CA certificates in ConfigMaps: whom a Gateway trusts as a backend, or as a client.
import type { ConfigMap } from '../api/kinds.ts';
import type { ObjectKey } from '../kube/object.ts';
import { certificateBlocks, readX509 } from './x509.ts';

/** The key of a ConfigMap that has the certificates, in PEM. */
export const AUTHORITIES_KEY = 'ca.crt';

export type ReadAuthorities =
  | { readonly kind: 'authorities'; readonly pem: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed'; readonly detail: string };

/** @param configMap undefined if it does not exist */
export function readAuthorities(configMap: ConfigMap | undefined): ReadAuthorities {
  const text = configMap?.data?.[AUTHORITIES_KEY];
  if (configMap === undefined || text === undefined) return { kind: 'missing' };
  const known = memory.get(configMap);
  if (known !== undefined) return known;
  const read = parsed(text);
  if (Object.isFrozen(configMap)) memory.set(configMap, read);
  return read;
}

/** Cached objects are frozen, and a changed ConfigMap is a new object. So each is parsed once. */
const memory = new WeakMap<ConfigMap, ReadAuthorities>();

function parsed(text: string): ReadAuthorities {
  const blocks = text.match(certificateBlocks) ?? [];
  if (blocks.length === 0) return { kind: 'malformed', detail: `${AUTHORITIES_KEY} holds no PEM certificate` };
  const pem = `${blocks.join('\n')}\n`;
  if (areMany([pem])) return { kind: 'malformed', detail: `${AUTHORITIES_KEY} holds more than ${MOST_AUTHORITIES}` };
  const unreadable = blocks.findIndex((block) => readX509(block) === undefined);
  return unreadable === -1
    ? { kind: 'authorities', pem }
    : { kind: 'malformed', detail: `certificate ${unreadable + 1} of ${AUTHORITIES_KEY} cannot be read` };
}

const MAX_BYTES = 64 * 1024;
const MAX_CERTIFICATES = 50;

/** What may be trusted together. Each of its clusters in each Envoy has its own copy. */
const MOST_AUTHORITIES = `${MAX_CERTIFICATES} certificates or ${MAX_BYTES / 1024} KiB`;

/**
 * Adds the ConfigMap to those that are trusted together.
 * @param trusted PEM by ConfigMap
 * @returns what is wrong with it
 */
export function addAuthorities(
  trusted: Map<ObjectKey, string>,
  configMap: ObjectKey,
  configMaps: ReadonlyMap<ObjectKey, ConfigMap>,
): Exclude<ReadAuthorities, { kind: 'authorities' }> | undefined {
  const read = readAuthorities(configMaps.get(configMap));
  if (read.kind !== 'authorities') return read;
  const all = new Map([...trusted, [configMap, read.pem]]);
  if (areMany([...all.values()])) {
    return { kind: 'malformed', detail: `with the ones before it, it holds more than ${MOST_AUTHORITIES}` };
  }
  trusted.set(configMap, read.pem);
  return undefined;
}

/** Whether they are too many to be trusted together. */
function areMany(pems: readonly string[]): boolean {
  const all = pems.join('');
  return all.length > MAX_BYTES || (all.match(certificateBlocks) ?? []).length > MAX_CERTIFICATES;
}

/** The PEM of these ConfigMaps, as far as it can be used. */
export function pemOf(
  keys: Iterable<ObjectKey>,
  configMaps: ReadonlyMap<ObjectKey, ConfigMap>,
): Readonly<Record<ObjectKey, string>> {
  const found = [...new Set(keys)].toSorted().flatMap((key) => {
    const read = readAuthorities(configMaps.get(key));
    return read.kind === 'authorities' ? [[key, read.pem] as const] : [];
  });
  return Object.fromEntries(found);
}
