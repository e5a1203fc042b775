import type { Clock } from '../clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock for tests: time passes only in `advance`. */
export class FakeClock implements Clock {
  #time = 0;
  readonly #epoch: number;
  #sleepers: Sleeper[] = [];

  /** @param epoch the wall-clock time at the start */
  constructor(epoch = Date.parse('2026-01-01T00:00:00Z')) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const abort = () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal?.reason);
    };
    const sleeper: Sleeper = {
      at: this.#time + ms,
      wake: () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      },
    };
    this.#sleepers.push(sleeper);
    signal?.addEventListener('abort', abort, { once: true });
    return promise;
  }

  /** The number of sleepers. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Advances time, and wakes each sleeper at its own time, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms;
    await settle();
    for (;;) {
      const next = this.#sleepers.reduce<Sleeper | undefined>(
        (first, sleeper) => (first === undefined || sleeper.at < first.at ? sleeper : first),
        undefined,
      );
      if (next === undefined || next.at > end) break;
      this.#time = Math.max(this.#time, next.at);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
      await settle();
    }
    this.#time = end;
  }

  /** Advances time without waking sleepers, like for a stopped process. */
  freeze(ms: number): void {
    this.#time += ms;
  }
}

/** Runs everything that does not wait for a timer or for I/O. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
