import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Wall-clock time, in milliseconds since 1970: for times that people and other machines read. */
  now(): number;
  /** Milliseconds that never go back, and count while the process is stopped: for durations. */
  monotonic(): number;
  /** Rejects with the signal's reason when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A number from 0 (included) to 1 (excluded). */
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

/** `ms`, plus a random part of up to `factor` times `ms`, so that many clients do not act at the same time. */
export const jitter = (ms: number, factor: number, random: Random): number => ms * (1 + factor * random());
