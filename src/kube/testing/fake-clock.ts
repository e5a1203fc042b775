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

  /** @param epoch the wall-clock time at which it starts */
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

  /** How many are asleep. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Lets time pass, waking sleepers in their order, each before time goes on. */
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

  /** Lets time pass without waking anyone, as for a process that is stopped. */
  freeze(ms: number): void {
    this.#time += ms;
  }
}

/** Lets everything run that waits for no timer and no I/O. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
