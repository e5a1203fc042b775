import type { Clock } from './clock.ts';

export interface EventLimits {
  /** How many different events about one object may come at once. */
  readonly burst: number;
  /** After how long, in milliseconds, it may have one more. */
  readonly refillMs: number;
}

/** As client-go's. */
const defaultLimits: EventLimits = { burst: 25, refillMs: 300_000 };

const maxObjects = 1000;

interface Bucket {
  left: number;
  /** When `left` was right, by the monotonic clock. */
  at: number;
}

/** A token bucket for each object, so that a noisy one takes nothing from the others. */
export class EventShares {
  readonly #clock: Clock;
  readonly #limits: EventLimits;
  /** The least recently used first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, limits: Partial<EventLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Whether the object may have another event; if so, that is counted. */
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
