import type { Clock } from './clock.ts';

export interface EventLimits {
  /** How many different events one object may have at once. */
  readonly burst: number;
  /** The time until it may have one more, in milliseconds. */
  readonly refillMs: number;
}

/** The same as in client-go. */
const defaultLimits: EventLimits = { burst: 25, refillMs: 300_000 };

const maxObjects = 1000;

interface Bucket {
  left: number;
  /** The monotonic time for which `left` was computed. */
  at: number;
}

/** A token bucket for each object, so that an object with many events does not use the share of others. */
export class EventShares {
  readonly #clock: Clock;
  readonly #limits: EventLimits;
  /** In the order of use: the least recently used is first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, limits: Partial<EventLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Takes a token. @returns whether the object may have another event */
  take(object: string): boolean {
    const { burst, refillMs } = this.#limits;
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(object) ?? { left: burst, at: now };
    const left = Math.min(burst, bucket.left + (now - bucket.at) / refillMs);
    const allowed = left >= 1;
    this.#buckets.delete(object);
    this.#buckets.set(object, { left: allowed ? left - 1 : left, at: now });
    if (this.#buckets.size > maxObjects) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return allowed;
  }
}
