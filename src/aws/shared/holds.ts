// Deletions that AWS refuses because the resource is in use. Anyone may use it, and perhaps forever. So each deletion is tried
// again ever more rarely. The next pass after that time tries it.

import type { Clock } from '../../kube/clock.ts';
import { sharedDeletion } from '../timings.ts';

const growth = 1.5;

export class Holds {
  readonly #clock: Clock;
  readonly #holds = new Map<string, { readonly forMs: number; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it is time to try, for the first time or again. */
  isDue(what: string): boolean {
    return (this.#holds.get(what)?.until ?? 0) <= this.#clock.now();
  }

  hold(what: string): void {
    const { firstRetryMs, longestRetryMs } = sharedDeletion;
    const before = this.#holds.get(what)?.forMs;
    const forMs = before === undefined ? firstRetryMs : Math.min(before * growth, longestRetryMs);
    this.#holds.set(what, { forMs, until: this.#clock.now() + forMs });
  }

  free(what: string): void {
    this.#holds.delete(what);
  }

  /** When the first of these is due, in milliseconds since the epoch. Undefined if none is held. */
  nextDue(of: readonly string[]): number | undefined {
    const times = of.flatMap((what) => this.#holds.get(what)?.until ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
