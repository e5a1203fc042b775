import type { KubeClient } from './client.ts';
import type { Kind } from './kinds.ts';
import { isConflict, isNotFound } from './kube-error.ts';
import { type KubeObject, type ObjectKey, objectKey } from './object.ts';
import { sameJson } from './same-json.ts';

export type StatusOutcome = 'written' | 'unchanged' | 'gone';

export interface HasStatus extends KubeObject {
  readonly status?: unknown;
}

const maxAttempts = 5;

/**
 * Writes the status that `mutate` returns, unless the object has it already.
 * @param from the cached object, or the key of an object that is read first
 * @param mutate pure; called again with the live object after a conflict; undefined means: change nothing
 * @throws KubeError if the server refuses, or still reports a conflict after five attempts
 */
export async function writeStatus<T extends HasStatus>(
  client: KubeClient,
  kind: Kind<T>,
  from: T | ObjectKey,
  mutate: (current: T) => T | undefined,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  const key = typeof from === 'string' ? from : objectKey(from.metadata);
  let current = typeof from === 'string' ? undefined : from;
  for (let attempt = 1; ; attempt += 1) {
    try {
      current ??= await client.get(kind, key, signal);
      // This is a new object of the same name: our status is not about it.
      if (typeof from !== 'string' && current.metadata.uid !== from.metadata.uid) return 'gone';
      const next = mutate(current);
      if (next === undefined || sameJson(current.status, next.status)) return 'unchanged';
      await client.patch(kind, key, statusPatch(current, next), signal, { subresource: 'status' });
      return 'written';
    } catch (error) {
      if (isNotFound(error)) return 'gone';
      if (!isConflict(error) || attempt === maxAttempts) throw error;
      current = undefined;
    }
  }
}

/** Replaces only the status, because the cached object lacks other fields. A stale resourceVersion is a conflict. */
const statusPatch = (current: HasStatus, next: HasStatus) =>
  ({
    kind: 'json',
    operations: [
      { op: 'replace', path: '/metadata/resourceVersion', value: current.metadata.resourceVersion },
      { op: 'add', path: '/status', value: next.status ?? {} },
    ],
  }) as const;
