import type { Clock } from './clock.ts';
import { DelayHeap, type Priority } from './delay-heap.ts';
import { Lane } from './lane.ts';

export interface QueueMetrics {
  depth(depth: number): void;
  added(): void;
  /** Reports the milliseconds from when a key became ready until a worker took it. */
  waited(ms: number): void;
  retried(): void;
}

export interface QueueOptions<K extends string = string> {
  readonly clock: Clock;
  /** The group of a key. Groups take turns. Default: all keys are one group. */
  readonly groupOf?: (key: K) => string;
  /** The delay after a first failure, in milliseconds. Each further failure doubles it. */
  readonly backoffBaseMs?: number;
  readonly backoffMaxMs?: number;
  readonly metrics?: QueueMetrics;
}

interface Dirty {
  readonly priority: Priority;
  readonly since: number;
}

/** After this many high-priority keys in a row, a low-priority key has its turn. */
const longestStreak = 10;

/** A timer that is longer fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * A queue of keys, like client-go's. Its invariants: a key waits at most once; two workers never have the same key; if a key
 * is added while a worker has it, it waits again after that worker is done.
 */
export class WorkQueue<K extends string = string> {
  readonly #clock: Clock;
  readonly #backoffBaseMs: number;
  readonly #backoffMaxMs: number;
  readonly #metrics: QueueMetrics | undefined;
  /** All keys that need work. A key that is also processing enters a lane only after it is done. */
  readonly #dirty = new Map<K, Dirty>();
  readonly #processing = new Set<K>();
  /** A key is in one lane at most: a promotion removes it from the low lane. */
  readonly #lanes: Readonly<Record<Priority, Lane<K>>>;
  /** How many high-priority keys in a row were taken while a low-priority key waits. */
  #streak = 0;
  /** By key: the callback for when others wait for its worker. */
  readonly #watchers = new Map<K, () => void>();
  readonly #delayed = new DelayHeap<K>();
  readonly #failures = new Map<K, number>();
  readonly #takers: ((key: K | undefined) => void)[] = [];
  readonly #drained = Promise.withResolvers<void>();
  /** The only timer, with its due time. */
  #timer: { readonly at: number; readonly cut: AbortController } | undefined;
  #shutDown = false;

  constructor({ clock, backoffBaseMs = 5, backoffMaxMs = 300_000, metrics, groupOf = () => '' }: QueueOptions<K>) {
    this.#clock = clock;
    this.#lanes = { high: new Lane(groupOf), low: new Lane(groupOf) };
    this.#backoffBaseMs = backoffBaseMs;
    this.#backoffMaxMs = backoffMaxMs;
    this.#metrics = metrics;
  }

  /** The number of keys that are ready and not yet taken. */
  get depth(): number {
    return this.#lanes.high.size + this.#lanes.low.size;
  }

  /** Resolves when the queue is shut down and no worker has a key. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  add(key: K, priority: Priority = 'high'): void {
    if (this.#shutDown) return;
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined && (dirty.priority === 'high' || priority === 'low')) return;
    this.#dirty.set(key, { priority, since: dirty?.since ?? this.#clock.monotonic() });
    if (dirty === undefined) this.#metrics?.added();
    if (this.#processing.has(key)) this.#watchers.get(key)?.();
    else this.#enqueue(key, priority);
  }

  /**
   * Calls `wanted` when others wait for the key's worker: the key was added again, or another high-priority key finds no
   * free worker. `wanted` may be called several times until the key is done.
   */
  watch(key: K, wanted: () => void): void {
    this.#watchers.set(key, wanted);
    if (this.#dirty.has(key) || this.#lanes.high.size > 0) wanted();
  }

  /** Adds the key after `ms`. If there are several such calls, the earliest wins. */
  addAfter(key: K, ms: number, priority: Priority = 'high'): void {
    if (this.#shutDown) return;
    if (ms <= 0) {
      this.add(key, priority);
      return;
    }
    this.#delayed.push(key, this.#clock.monotonic() + ms, priority);
    this.#arm();
  }

  /** Adds the key after a delay that doubles with every call until `forget`. */
  addRateLimited(key: K, priority: Priority = 'high'): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics?.retried();
    this.addAfter(key, Math.min(this.#backoffBaseMs * 2 ** failures, this.#backoffMaxMs), priority);
  }

  /** Resets the key's failures, because its work succeeded or was given up. */
  forget(key: K): void {
    this.#failures.delete(key);
  }

  failures(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Waits for a key; undefined after the queue is shut down. The caller must call `done` with the key. */
  get(): Promise<K | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined);
    const key = this.#next();
    if (key !== undefined) return Promise.resolve(this.#take(key));
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: K): void {
    this.#processing.delete(key);
    this.#watchers.delete(key);
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined && !this.#shutDown) this.#enqueue(key, dirty.priority);
    this.#settle();
  }

  /** Accepts no more keys, and gives no more to workers. They may finish the keys that they have. */
  shutDown(): void {
    this.#shutDown = true;
    this.#timer?.cut.abort();
    this.#delayed.clear();
    this.#dirty.clear();
    this.#lanes.high.clear();
    this.#lanes.low.clear();
    this.#metrics?.depth(0);
    for (const taker of this.#takers.splice(0)) taker(undefined);
    this.#settle();
  }

  #settle(): void {
    if (this.#shutDown && this.#processing.size === 0) this.#drained.resolve();
  }

  #enqueue(key: K, priority: Priority): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker(this.#take(key));
      return;
    }
    if (priority === 'high') this.#lanes.low.delete(key);
    this.#lanes[priority].add(key);
    this.#metrics?.depth(this.depth);
    if (priority === 'high') for (const wanted of this.#watchers.values()) wanted();
  }

  #next(): K | undefined {
    const { high, low } = this.#lanes;
    if (low.size === 0) this.#streak = 0;
    const key = this.#streak < longestStreak ? high.shift() : undefined;
    if (key !== undefined) {
      this.#streak += 1;
      return key;
    }
    this.#streak = 0;
    return low.shift() ?? high.shift();
  }

  #take(key: K): K {
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined) this.#metrics?.waited(this.#clock.monotonic() - dirty.since);
    this.#dirty.delete(key);
    this.#processing.add(key);
    this.#metrics?.depth(this.depth);
    return key;
  }

  /** Sets the timer for the earliest delayed key. */
  #arm(): void {
    const next = this.#delayed.peek();
    if (next !== undefined && next.at === this.#timer?.at) return;
    this.#timer?.cut.abort();
    this.#timer = undefined;
    if (next === undefined || this.#shutDown) return;
    const cut = new AbortController();
    this.#timer = { at: next.at, cut };
    const wait = Math.max(0, next.at - this.#clock.monotonic());
    this.#clock.sleep(Math.min(wait, longestTimerMs), cut.signal).then(
      () => this.#release(),
      () => {
        // An earlier timer replaced this one, or the queue is shut down.
      },
    );
  }

  #release(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let next = this.#delayed.peek(); next !== undefined && next.at <= now; next = this.#delayed.peek()) {
      this.#delayed.pop();
      this.add(next.key, next.priority);
    }
    this.#arm();
  }
}
