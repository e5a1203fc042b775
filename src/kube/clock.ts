import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Wall-clock time, in milliseconds since 1970: for what people and other machines read. */
  now(): number;
  /** Milliseconds that only ever grow, also while the process is stopped: for what must be measured. */
  monotonic(): number;
  /** Rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A number from 0 up to, not including, 1. */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** `ms`, plus up to `factor` of it at random, so that many clients do not act in step. */
export const jitter = (ms: number, factor: number, random: Random): number => ms * (1 + factor * random());
