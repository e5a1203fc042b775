import type { Logger } from '../telemetry/logger.ts';
import { frozen, type KubeObject, type ObjectKey, objectKey } from './object.ts';
import { sameJson } from './same-json.ts';
import { Turns } from './turns.ts';

/** Computes the index values of an object. */
export type Indexers<T extends KubeObject, Index extends string> = Readonly<
  Record<Index, (object: T) => readonly string[]>
>;

/**
 * Called for each change: `old` is undefined for an addition, `current` for a deletion.
 * @param initial true if the object did not change: it is part of the first list, or was there before the handler
 */
export type ChangeHandler<T extends KubeObject> = (
  old: T | undefined,
  current: T | undefined,
  initial: boolean,
) => void;

/** The cached objects of one kind, all deeply frozen. */
export interface Store<T extends KubeObject, Index extends string = never> {
  readonly size: number;
  get(key: ObjectKey): T | undefined;
  list(): readonly T[];
  byIndex(index: Index, value: string): readonly T[];
  /** All values that the index has objects for. */
  indexed(index: Index): Iterable<string>;
  /** Calls the handler with every present object as an addition, then on every change. Call the result to stop. */
  onChange(handler: ChangeHandler<T>): () => void;
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Drops managedFields and kubectl's copy of the object: we do not need them, and they are often half of its size. */
export function stripBookkeeping<T extends KubeObject>(object: T): T {
  const { managedFields: _, annotations, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown };
  if (annotations === undefined) return { ...object, metadata };
  const { [lastApplied]: __, ...kept } = annotations;
  return { ...object, metadata: { ...metadata, annotations: kept } };
}

/** The objects of one index value. */
interface Indexed<T> {
  readonly keys: Set<ObjectKey>;
  /** Undefined after a change. The list is the same until then, so that a reader sees at once that nothing has changed. */
  objects: readonly T[] | undefined;
}

export interface CacheOptions<T extends KubeObject, Index extends string> {
  readonly indexers: Indexers<T, Index>;
  readonly logger: Logger;
}

/** The writing side of a Store. Equal resourceVersions mean equal objects, so such a write changes nothing. */
export class Cache<T extends KubeObject, Index extends string = never> implements Store<T, Index> {
  readonly #objects = new Map<ObjectKey, T>();
  readonly #indexes = new Map<string, Map<string, Indexed<T>>>();
  readonly #indexers: Readonly<Record<string, (object: T) => readonly string[]>>;
  readonly #logger: Logger;
  readonly #handlers = new Set<ChangeHandler<T>>();

  constructor({ indexers, logger }: CacheOptions<T, Index>) {
    this.#indexers = indexers;
    this.#logger = logger;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  byIndex(index: Index, value: string): readonly T[] {
    const indexed = this.#indexes.get(index)?.get(value);
    if (indexed === undefined) return [];
    indexed.objects ??= [...indexed.keys].flatMap((key) => this.#objects.get(key) ?? []);
    return indexed.objects;
  }

  indexed(index: Index): Iterable<string> {
    return this.#indexes.get(index)?.keys() ?? [];
  }

  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.values()) this.#call(handler, undefined, object, true);
    return () => {
      this.#handlers.delete(handler);
    };
  }

  /**
   * Adds the object or replaces the previous one.
   * @param wentBack the server may have used a resourceVersion twice, so the whole objects are compared
   */
  put(current: T, initial = false, wentBack = false): void {
    const key = objectKey(current.metadata);
    const old = this.#objects.get(key);
    const sameVersion = old !== undefined && old.metadata.resourceVersion === current.metadata.resourceVersion;
    if (sameVersion && !(wentBack && !sameJson(old, current))) return;
    this.#index(key, old, current);
    this.#objects.set(key, frozen(current));
    this.#notify(old, current, initial);
  }

  delete(key: ObjectKey): void {
    const old = this.#objects.get(key);
    if (old === undefined) return;
    this.#index(key, old, undefined);
    this.#objects.delete(key);
    this.#notify(old, undefined, false);
  }

  /**
   * Makes the content equal to a complete list; handlers see only the differences. Additions come before deletions, because
   * others read the content meanwhile.
   */
  async replace(objects: readonly T[], initial = false, wentBack = false): Promise<void> {
    const turns = new Turns();
    const listed = new Set<ObjectKey>();
    for (const object of objects) {
      listed.add(objectKey(object.metadata));
      this.put(object, initial, wentBack);
      await turns.yield();
    }
    for (const key of this.#objects.keys()) {
      if (!listed.has(key)) this.delete(key);
      await turns.yield();
    }
  }

  #index(key: ObjectKey, old: T | undefined, current: T | undefined): void {
    for (const [name, indexer] of Object.entries(this.#indexers)) {
      const index = this.#indexes.get(name) ?? new Map<string, Indexed<T>>();
      this.#indexes.set(name, index);
      if (old !== undefined) {
        for (const value of this.#values(indexer, old)) {
          const indexed = index.get(value);
          if (indexed === undefined) continue;
          indexed.keys.delete(key);
          indexed.objects = undefined;
          if (indexed.keys.size === 0) index.delete(value);
        }
      }
      if (current === undefined) continue;
      for (const value of this.#values(indexer, current)) {
        const indexed = index.get(value) ?? { keys: new Set(), objects: undefined };
        indexed.keys.add(key);
        indexed.objects = undefined;
        index.set(value, indexed);
      }
    }
  }

  /** If an indexer fails on one unusual object, the watch of all others must go on. */
  #values(indexer: (object: T) => readonly string[], object: T): readonly string[] {
    try {
      return indexer(object);
    } catch (error) {
      this.#logger.error({ err: error, kind: object.kind, key: objectKey(object.metadata) }, 'indexing failed');
      return [];
    }
  }

  #notify(old: T | undefined, current: T | undefined, initial: boolean): void {
    for (const handler of this.#handlers) this.#call(handler, old, current, initial);
  }

  #call(handler: ChangeHandler<T>, old: T | undefined, current: T | undefined, initial: boolean): void {
    try {
      handler(old, current, initial);
    } catch (error) {
      const object = current ?? old;
      const key = object === undefined ? undefined : objectKey(object.metadata);
      this.#logger.error({ err: error, kind: object?.kind, key }, 'a change handler failed');
    }
  }
}
