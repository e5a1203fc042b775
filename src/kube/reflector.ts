import type { Logger } from '../telemetry/logger.ts';
import { Cache, type Indexers, type Store, stripBookkeeping } from './cache.ts';
import type { KubeClient, Selection } from './client.ts';
import { type Clock, jitter, type Random } from './clock.ts';
import type { Kind } from './kinds.ts';
import { isGone, isNotFound, isVersionTooLarge, KubeError } from './kube-error.ts';
import { type KubeObject, objectKey } from './object.ts';

/** `waiting-for-crd`: the API server does not know the kind, so far or any more. */
export type ReflectorState = 'waiting-for-crd' | 'listing' | 'synced';

/** All in milliseconds. */
export interface ReflectorTiming {
  /** How long one watch lasts, before up to as much again at random. */
  readonly watchMs: number;
  /** The longest silence on a watch; the API server sends a bookmark about every minute. */
  readonly inactivityMs: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** How often at most to look whether a missing kind has been installed. */
  readonly missingMaxMs: number;
}

const defaultTiming: ReflectorTiming = {
  watchMs: 300_000,
  inactivityMs: 180_000,
  backoffBaseMs: 500,
  backoffMaxMs: 30_000,
  missingMaxMs: 10_000,
};

export interface ReflectorOptions<T extends KubeObject, Index extends string> extends Selection {
  readonly client: KubeClient;
  readonly kind: Kind<T>;
  readonly indexers: Indexers<T, Index>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Applied to every object before it is stored; drops managedFields and the like when left out. */
  readonly strip?: (object: T) => T;
  /** What makes an object unreadable for us, whatever the API server let through; such a one counts as absent. */
  readonly faultOf?: (object: T) => string | undefined;
  readonly timing?: Partial<ReflectorTiming>;
}

const pageSize = 500;

/** A watch that ended sooner, without a word, counts as failed: or we would ask again at once, forever. */
const shortestWatchMs = 1000;

/** Keeps a Store equal to what the API server has of one kind: lists once, then watches, and outlives every error. */
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
  /** From where to watch; undefined when only a list can tell. */
  #resourceVersion: string | undefined;
  #failures = 0;

  constructor(options: ReflectorOptions<T, Index>) {
    this.kind = options.kind;
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

  /** Whether the store has ever been complete; it stays so, if perhaps behind, while the server is out of reach. */
  hasSynced(): boolean {
    return this.#everSynced;
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) this.#resourceVersion = await this.#list(signal);
        await this.#watch(this.#resourceVersion, signal);
      } catch (error) {
        if (signal.aborted) return;
        const delay = this.#failed(error);
        await this.#options.clock.sleep(delay, signal).catch(() => undefined);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    if (this.#state === 'synced') this.#state = 'listing';
    const { client, kind } = this.#options;
    const objects: T[] = [];
    let next: string | undefined;
    for (;;) {
      const page = await client.list(kind, { ...this.#selection(), limit: pageSize, continue: next }, signal);
      for (const object of page.items) if (this.#isReadable(object)) objects.push(this.#strip(object));
      next = page.continue;
      if (next === undefined) {
        this.#complete(objects);
        return page.resourceVersion;
      }
    }
  }

  #complete(objects: readonly T[]): void {
    this.#cache.replace(objects, !this.#everSynced);
    if (this.#state === 'waiting-for-crd') this.#logger.info({}, 'the kind is installed now');
    this.#state = 'synced';
    this.#everSynced = true;
    this.#markSynced();
    this.#markSettled();
  }

  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const { client, kind, clock, random } = this.#options;
    const { watchMs, inactivityMs } = this.#timing;
    const timeoutSeconds = Math.ceil(jitter(watchMs, 1, random) / 1000);
    const started = clock.monotonic();
    const options = { ...this.#selection(), resourceVersion: from, timeoutSeconds, inactivityMs };
    let events = 0;
    for await (const { type, object } of client.watch(kind, options, signal)) {
      events += 1;
      this.#failures = 0;
      if (type === 'ADDED' || type === 'MODIFIED') this.#put(object);
      else if (type === 'DELETED') this.#cache.delete(objectKey(object.metadata));
      this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
    }
    if (events === 0 && clock.monotonic() - started < shortestWatchMs) throw new Error('The watch ended at once');
    this.#failures = 0;
  }

  #put(object: T): void {
    if (this.#isReadable(object)) this.#cache.put(this.#strip(object));
    else this.#cache.delete(objectKey(object.metadata));
  }

  #isReadable(object: T): boolean {
    const fault = this.#options.faultOf?.(object);
    if (fault !== undefined) {
      this.#logger.error({ key: objectKey(object.metadata), fault }, 'an object can not be read, and counts as absent');
    }
    return fault === undefined;
  }

  /** Takes note of what went wrong; returns how long to wait, in milliseconds. */
  #failed(error: unknown): number {
    this.#failures += 1;
    const missing = isNotFound(error);
    // What is cached stays, also when the kind is gone: an API server that just started may not know its CRDs yet,
    // and deletions that really happened come as events or show in the next list.
    if (missing || isGone(error) || isVersionTooLarge(error)) this.#resourceVersion = undefined;
    if (missing) this.#missing();
    else this.#logger[this.#failures === 1 ? 'debug' : 'warn']({ err: error, failures: this.#failures }, 'will retry');
    const { backoffBaseMs, backoffMaxMs, missingMaxMs } = this.#timing;
    // A server that says when to come back knows better: to ask sooner adds to its load, and to wait longer is to be blind.
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
    this.#markSettled();
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return { namespace, labelSelector, fieldSelector };
  }
}
