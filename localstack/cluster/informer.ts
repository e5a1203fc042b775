// Lists and watches, and survives every error. The node agent and the Services' forwarding use it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection.ts';

export interface Watched {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

export interface InformerOptions<T> {
  /** Such as `/api/v1/pods`, of all namespaces. */
  readonly path: string;
  /** Called for each object that was added, changed, or deleted (undefined), with the previous object. */
  readonly changed: (now: T | undefined, before: T | undefined) => void;
  readonly signal: AbortSignal;
}

export interface Informer<T> {
  /** All objects of the path, by `NAMESPACE/NAME`, or `NAME`. */
  readonly objects: ReadonlyMap<string, T>;
  /** Resolves after the first list. */
  readonly synced: Promise<void>;
}

const retryMs = 200;
const watchSeconds = 240;

/** Follows a path until the signal aborts. */
export function startInformer<T extends Watched>(
  connection: Connection,
  { path, changed, signal }: InformerOptions<T>,
): Informer<T> {
  const objects = new Map<string, T>();
  const listed = Promise.withResolvers<void>();

  const put = (object: T): void => {
    const key = keyOf(object);
    const before = objects.get(key);
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    objects.set(key, object);
    // A recreated object of the same name is another object.
    if (before && before.metadata.uid !== object.metadata.uid) {
      changed(undefined, before);
      changed(object, undefined);
    } else changed(object, before);
  };
  const remove = (key: string): void => {
    const before = objects.get(key);
    objects.delete(key);
    if (before) changed(undefined, before);
  };
  const list = async (): Promise<string> => {
    const { items, metadata } = await connection.request<List<T>>('GET', path, { signal });
    const present = new Set(items.map(keyOf));
    for (const key of [...objects.keys()].filter((other) => !present.has(other))) remove(key);
    for (const object of items) put(object);
    listed.resolve();
    return metadata.resourceVersion;
  };
  const watch = async (from: string): Promise<void> => {
    const query = `watch=true&resourceVersion=${from}&timeoutSeconds=${watchSeconds}`;
    for await (const line of connection.lines(`${path}?${query}`, signal)) {
      const event: WatchEvent<T> = JSON.parse(line);
      if (event.type === 'ERROR') return;
      if (event.type === 'DELETED') remove(keyOf(event.object));
      else put(event.object);
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      // After any error, a new list has the current state.
      await list()
        .then(watch)
        .catch(() => sleep(retryMs, undefined, { signal }).catch(() => {}));
    }
    listed.resolve();
  };
  void run();
  return { objects, synced: listed.promise };
}

interface List<T> {
  readonly items: readonly T[];
  readonly metadata: { readonly resourceVersion: string };
}

type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: unknown };

const keyOf = ({ metadata: { namespace, name } }: Watched): string =>
  namespace === undefined ? name : `${namespace}/${name}`;
