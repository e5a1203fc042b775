import type { KubeClient } from './client.ts';
import type { Kind } from './kinds.ts';
import { isConflict, isNotFound } from './kube-error.ts';
import { type KubeObject, objectKey } from './object.ts';

const maxAttempts = 5;

/**
 * Adds our finalizer to the object if it is missing, and keeps other finalizers.
 * @param object as last seen; it may be stale
 * @returns the object with the finalizer; undefined if it is gone, or is being deleted and takes no new finalizers
 */
export async function addFinalizer<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  object: T,
  finalizer: string,
  signal: AbortSignal,
): Promise<T | undefined> {
  return await changeFinalizers(client, kind, object, signal, (current) => {
    const finalizers = current.metadata.finalizers ?? [];
    if (finalizers.includes(finalizer)) return 'done';
    return current.metadata.deletionTimestamp === undefined ? [...finalizers, finalizer] : 'gone';
  });
}

/** Removes our finalizer from the object, and keeps other finalizers. Does nothing if the object is gone. */
export async function removeFinalizer<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  object: T,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  await changeFinalizers(client, kind, object, signal, (current) => {
    const finalizers = current.metadata.finalizers ?? [];
    return finalizers.includes(finalizer) ? finalizers.filter((other) => other !== finalizer) : 'done';
  });
}

async function changeFinalizers<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  object: T,
  signal: AbortSignal,
  change: (current: T) => readonly string[] | 'done' | 'gone',
): Promise<T | undefined> {
  const key = objectKey(object.metadata);
  let current = object;
  for (let attempt = 1; ; attempt += 1) {
    const finalizers = change(current);
    if (finalizers === 'gone') return undefined;
    if (finalizers === 'done') return current;
    try {
      return await client.patch(kind, key, finalizersPatch(current, finalizers), signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isConflict(error) || attempt === maxAttempts) throw error;
    }
    const live = await readLive(client, kind, current, signal);
    if (live === undefined) return undefined;
    current = live;
  }
}

/** The object's current state; undefined if it is gone, even if there is a new object of its name. */
async function readLive<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  object: T,
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    const live = await client.get(kind, objectKey(object.metadata), signal);
    return live.metadata.uid === object.metadata.uid ? live : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** If the resourceVersion is stale, the API server refuses the whole patch as a conflict. */
const finalizersPatch = (current: KubeObject, finalizers: readonly string[]) =>
  ({
    kind: 'json',
    operations: [
      { op: 'replace', path: '/metadata/resourceVersion', value: current.metadata.resourceVersion },
      { op: 'add', path: '/metadata/finalizers', value: finalizers },
    ],
  }) as const;
