// Targets that AWS has refused to register. They are tried again ever more rarely, and in calls without other targets. All
// retries together use only a small part of the account's rate.

import type { Clock } from '../../kube/clock.ts';
import type { Target } from '../model/targets.ts';
import { refusedTarget } from '../timings.ts';
import { targetKey } from './membership.ts';

/** Targets of one refused call: at least one of them is bad. */
export interface Refused {
  readonly targets: readonly Target[];
  /** AWS's message. */
  readonly detail: string;
  readonly failures: number;
}

interface Held extends Refused {
  /** Monotonic. */
  readonly retryAt: number;
}

/** How many calls may look for bad targets at once, and the time until one more. AWS accepts four registrations per second. */
const probes = { burst: 8, everyMs: 2000 } as const;

export class TargetRefusals {
  readonly #clock: Clock;
  readonly #held = new Map<string, readonly Held[]>();
  /** By target group: the targets that are in no known subnet. */
  readonly #strange = new Map<string, ReadonlySet<string>>();
  #probes: number = probes.burst;
  #countedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedAt = clock.monotonic();
  }

  /** Keeps only the refused targets that are still desired. */
  retain(arn: string, wanted: ReadonlySet<string>): void {
    const left = this.of(arn).flatMap((each) => {
      const targets = each.targets.filter((target) => wanted.has(targetKey(target)));
      return targets.length === 0 ? [] : [{ ...each, targets }];
    });
    this.#replace(arn, left);
  }

  of(arn: string): readonly Held[] {
    return this.#held.get(arn) ?? [];
  }

  /** Removes and returns the targets whose retry is due, for one call. */
  takeDue(arn: string): Refused | undefined {
    const now = this.#clock.monotonic();
    const { due = [], later = [] } = Object.groupBy(this.of(arn), ({ retryAt }) => (retryAt <= now ? 'due' : 'later'));
    const [first] = due;
    if (first === undefined) return undefined;
    this.#replace(arn, later);
    const failures = Math.max(...due.map((each) => each.failures));
    return { targets: due.flatMap(({ targets }) => targets), detail: first.detail, failures };
  }

  hold(arn: string, { targets, detail, failures }: Refused): void {
    const { firstRetryMs, longestRetryMs } = refusedTarget;
    const wait = Math.min(firstRetryMs * 2 ** Math.min(failures, 16), longestRetryMs);
    this.#replace(arn, [...this.of(arn), { targets, detail, failures, retryAt: this.#clock.monotonic() + wait }]);
  }

  /** Milliseconds until the next retry. Undefined if there is none. */
  retryAfterMs(arn: string): number | undefined {
    const times = this.of(arn).map(({ retryAt }) => retryAt);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - this.#clock.monotonic());
  }

  /** Remembers the targets that are in no known subnet. @returns whether one of them is new */
  setStrange(arn: string, keys: ReadonlySet<string>): boolean {
    const before = this.#strange.get(arn) ?? new Set();
    if (keys.size === 0) this.#strange.delete(arn);
    else this.#strange.set(arn, keys);
    return !keys.isSubsetOf(before);
  }

  forget(arn: string): void {
    this.#held.delete(arn);
    this.#strange.delete(arn);
  }

  /** Whether one more call may look for bad targets now. It counts the call. */
  takeProbe(): boolean {
    const now = this.#clock.monotonic();
    const earned = Math.floor((now - this.#countedAt) / probes.everyMs);
    this.#countedAt += earned * probes.everyMs;
    this.#probes = Math.min(probes.burst, this.#probes + earned);
    if (this.#probes === 0) return false;
    this.#probes -= 1;
    return true;
  }

  #replace(arn: string, held: readonly Held[]): void {
    if (held.length === 0) this.#held.delete(arn);
    else this.#held.set(arn, held);
  }
}
