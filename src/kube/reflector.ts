import type { Logger } from '../telemetry/logger.ts';
import { Cache, type Indexers, type Store, stripBookkeeping } from './cache.ts';
import type { KubeClient, Selection } from './client.ts';
import { type Clock, jitter, type Random } from './clock.ts';
import { inEachVersion, type Kind } from './kinds.ts';
import { isForbidden, isGone, isNotFound, isVersionTooLarge, KubeError } from './kube-error.ts';
import { frozen, type KubeObject, objectKey } from './object.ts';
import { Turns } from './turns.ts';

/** `waiting-for-crd`: the API server does not know the kind yet, or does not know it any more. */
export type ReflectorState = 'waiting-for-crd' | 'listing' | 'synced';

/** All in milliseconds. */
export interface ReflectorTiming {
  /** The shortest duration of one watch. Up to the same time is added at random. */
  readonly watchMs: number;
  /** After a longer silence a watch counts as dead. The API server sends a bookmark about every minute. */
  readonly inactivityMs: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** The longest pause between two checks for a missing kind. */
  readonly missingMaxMs: number;
  /** The longest pause between two checks whether the server went back in time: its etcd was restored from a backup. */
  readonly versionCheckMs: number;
}

const defaultTiming: ReflectorTiming = {
  watchMs: 300_000,
  inactivityMs: 180_000,
  backoffBaseMs: 500,
  backoffMaxMs: 30_000,
  missingMaxMs: 10_000,
  versionCheckMs: 30_000,
};

export interface ReflectorOptions<T extends KubeObject, Index extends string> extends Selection {
  readonly client: KubeClient;
  readonly kind: Kind<T>;
  readonly indexers: Indexers<T, Index>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Applied to every object before it is stored. The default drops managedFields and the like. */
  readonly strip?: (object: T) => T;
  /** Says which objects count at all. The default is all. */
  readonly wanted?: (object: T) => boolean;
  /**
   * Checks an object from the API server. If the object can't be read in full, the result has a fault.
   * @param last the object in the store so far
   * @returns the object to store; undefined if it counts as absent
   */
  readonly read?: (object: T, last: T | undefined) => T | undefined;
  readonly timing?: Partial<ReflectorTiming>;
  /** If we lack permission to read the kind, nothing waits for it. */
  readonly optional?: true;
}

const pageSize = 500;

/** A list with a name that no object has costs the server almost nothing, but returns its version. */
const versionCheck = { namespace: 'default', fieldSelector: 'metadata.name=resource-version-check' } as const;

const restoredDetail = 'The server went back behind the version that was seen last: everything is listed again';

/** A watch that ends sooner without an event counts as failed. Otherwise we would ask again at once, forever. */
const shortestWatchMs = 1000;

/** Keeps a Store equal to the API server's objects of one kind. It lists once, then watches, and survives every error. */
export class Reflector<T extends KubeObject, Index extends string = never> {
  readonly kind: Kind<T>;
  readonly store: Store<T, Index>;
  /** Resolves after the first complete list. */
  readonly synced: Promise<void>;
  /** Resolves after the first complete list, or when the API server said that it does not know the kind. */
  readonly settled: Promise<void>;
  readonly #cache: Cache<T, Index>;
  readonly #options: ReflectorOptions<T, Index>;
  readonly #timing: ReflectorTiming;
  readonly #logger: Logger;
  readonly #strip: (object: T) => T;
  readonly #markSynced: () => void;
  readonly #markSettled: () => void;
  #state: ReflectorState = 'listing';
  #everSynced = false;
  /** The version to watch from; undefined if a new list is needed. */
  #resourceVersion: string | undefined;
  /** The kind, in the version that the server has. */
  #served: Kind<T>;
  /** Whether the server went back in time since the last list. If so, equal versions do not mean equal objects. */
  #wentBack = false;
  #failures = 0;
  /** Monotonic time; undefined while the server knows the kind. */
  #missingSince: number | undefined;

  constructor(options: ReflectorOptions<T, Index>) {
    this.kind = options.kind;
    this.#served = options.kind;
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#logger = options.logger.child({ kind: options.kind.kind });
    this.#strip = options.strip ?? stripBookkeeping;
    this.#cache = new Cache({ indexers: options.indexers, logger: this.#logger });
    this.store = this.#cache;
    const synced = Promise.withResolvers<void>();
    const settled = Promise.withResolvers<void>();
    this.synced = synced.promise;
    this.settled = settled.promise;
    this.#markSynced = synced.resolve;
    this.#markSettled = settled.resolve;
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** Whether the store was ever complete. It stays true while the server cannot be reached, though the store may be stale. */
  hasSynced(): boolean {
    return this.#everSynced;
  }

  /** How long the server has not known the kind, in milliseconds; 0 while it knows the kind. */
  missingForMs(): number {
    return this.#missingSince === undefined ? 0 : this.#options.clock.monotonic() - this.#missingSince;
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        // If the server failed since the last list, it may have been restored from a backup.
        const suspect = this.#resourceVersion !== undefined && this.#failures > 0;
        this.#resourceVersion ??= await this.#list(signal);
        await this.#watchAndCheck(this.#resourceVersion, suspect, signal);
      } catch (error) {
        if (signal.aborted) return;
        const delay = this.#failed(error);
        await this.#options.clock.sleep(delay, signal).catch(() => undefined);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    if (this.#state === 'synced') this.#state = 'listing';
    const versions = inEachVersion(this.kind);
    for (const kind of versions) {
      try {
        const resourceVersion = await this.#listAll(kind, signal);
        this.#served = kind;
        return resourceVersion;
      } catch (error) {
        if (!isNotFound(error) || kind === versions.at(-1)) throw error;
      }
    }
    throw new Error(`Expected at least one version of ${this.kind.kind}, got none`);
  }

  async #listAll(kind: Kind<T>, signal: AbortSignal): Promise<string> {
    const { client } = this.#options;
    const turns = new Turns();
    const objects: T[] = [];
    let next: string | undefined;
    for (;;) {
      const page = await client.list(kind, { ...this.#selection(), limit: pageSize, continue: next }, signal);
      for (const item of page.items) {
        const object = this.#wentBack ? this.#read(item) : (this.#known(item) ?? this.#read(item));
        if (object !== undefined) objects.push(object);
        await turns.yield();
      }
      next = page.continue;
      if (next === undefined) {
        await this.#complete(objects);
        return page.resourceVersion;
      }
    }
  }

  /** Reuses the stored object while a list is read, so that memory does not hold it twice. */
  #known({ metadata }: T): T | undefined {
    const known = this.#cache.get(objectKey(metadata));
    return known?.metadata.resourceVersion === metadata.resourceVersion ? known : undefined;
  }

  async #complete(objects: readonly T[]): Promise<void> {
    await this.#cache.replace(objects, !this.#everSynced, this.#wentBack);
    this.#wentBack = false;
    if (this.#state === 'waiting-for-crd') this.#logger.info({}, 'the kind is installed now');
    this.#state = 'synced';
    this.#missingSince = undefined;
    this.#everSynced = true;
    this.#markSynced();
    this.#markSettled();
  }

  /** A server that went back in time accepts a watch from a later version, but sends nothing. So we also check its version. */
  async #watchAndCheck(from: string, suspect: boolean, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const untilEnded = AbortSignal.any([signal, ended.signal]);
    const checking = this.#checkVersions(suspect, untilEnded).finally(() => ended.abort());
    try {
      await this.#watch(from, untilEnded);
    } catch (error) {
      if (this.#wentBack) throw new Error(restoredDetail, { cause: error });
      throw error;
    } finally {
      ended.abort();
      await checking;
    }
  }

  /** Ends when it finds that the server went back in time, or when the signal aborts. Never rejects. */
  async #checkVersions(suspect: boolean, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    for (let due = suspect; !signal.aborted; due = false) {
      try {
        if (!due) await clock.sleep(jitter(this.#timing.versionCheckMs / 2, 1, random), signal);
        if (await this.#isBehind(signal)) {
          this.#logger.warn({ seen: this.#resourceVersion }, restoredDetail);
          this.#wentBack = true;
          this.#resourceVersion = undefined;
          return;
        }
      } catch (error) {
        if (!signal.aborted) this.#logger.debug({ err: error }, 'the version of the server is not known');
      }
    }
  }

  async #isBehind(signal: AbortSignal): Promise<boolean> {
    const seen = this.#resourceVersion;
    const { namespaced } = this.kind;
    const { namespace = versionCheck.namespace } = this.#options;
    const { fieldSelector } = versionCheck;
    const options = { fieldSelector, ...(namespaced && { namespace }) };
    const { resourceVersion } = await this.#options.client.list(this.#served, options, signal);
    return isLower(resourceVersion, seen);
  }

  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const { client, clock, random } = this.#options;
    const { watchMs, inactivityMs } = this.#timing;
    const timeoutSeconds = Math.ceil(jitter(watchMs, 1, random) / 1000);
    const started = clock.monotonic();
    const options = { ...this.#selection(), resourceVersion: from, timeoutSeconds, inactivityMs };
    const turns = new Turns();
    let events = 0;
    for await (const { type, object } of client.watch(this.#served, options, signal)) {
      events += 1;
      this.#failures = 0;
      if (type === 'ADDED' || type === 'MODIFIED') this.#put(object);
      else if (type === 'DELETED') this.#cache.delete(objectKey(object.metadata));
      this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
      await turns.yield();
    }
    if (events === 0 && clock.monotonic() - started < shortestWatchMs) throw new Error('The watch ended at once');
    this.#failures = 0;
  }

  #put(item: T): void {
    const object = this.#read(item);
    if (object !== undefined) this.#cache.put(object);
    else this.#cache.delete(objectKey(item.metadata));
  }

  #read(item: T): T | undefined {
    const { read, wanted } = this.#options;
    if (wanted?.(item) === false) return undefined;
    const object = this.#strip(item);
    if (read === undefined) return frozen(object);
    const key = objectKey(item.metadata);
    const known = this.#cache.get(key);
    const found = read(object, known?.metadata.uid === item.metadata.uid ? known : undefined);
    if (found === undefined) this.#logger.error({ key }, 'an object can not be read, and counts as absent');
    else if (found.fault !== undefined) this.#logger.error({ key, ...found.fault }, 'an object can not be read');
    return found && frozen(found);
  }

  /** Records the error. @returns how long to wait, in milliseconds */
  #failed(error: unknown): number {
    this.#failures += 1;
    const missing = isNotFound(error);
    if (isVersionTooLarge(error)) this.#wentBack = true;
    // Keep the cache, even if the kind is gone: an API server that just started may not know its CRDs yet. Real deletions
    // come as events, or show in the next list.
    if (missing || isGone(error) || isVersionTooLarge(error)) this.#resourceVersion = undefined;
    if (this.#options.optional === true && isForbidden(error)) this.#markSettled();
    if (missing) this.#missing();
    else this.#logger[this.#failures === 1 ? 'debug' : 'warn']({ err: error, failures: this.#failures }, 'will retry');
    const { backoffBaseMs, backoffMaxMs, missingMaxMs } = this.#timing;
    // If the server says when to retry, follow it: earlier adds to its load, later leaves our cache stale.
    const asked = error instanceof KubeError ? error.retryAfterMs : undefined;
    if (asked !== undefined && asked <= backoffMaxMs) {
      return jitter(Math.max(asked, backoffBaseMs), 0.5, this.#options.random);
    }
    const delay = Math.min(backoffBaseMs * 2 ** (this.#failures - 1), missing ? missingMaxMs : backoffMaxMs);
    return delay * (0.5 + this.#options.random() / 2);
  }

  #missing(): void {
    if (this.#state !== 'waiting-for-crd') this.#logger.info({}, 'the API server does not know this kind: waiting');
    this.#state = 'waiting-for-crd';
    this.#missingSince ??= this.#options.clock.monotonic();
    this.#markSettled();
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return { namespace, labelSelector, fieldSelector };
  }
}

/** Versions are numbers of one counter (KEP-5504). Other values cannot be compared. */
const isLower = (version: string, than: string | undefined): boolean =>
  than !== undefined && /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than);
