// Security groups whose rules AWS refused to change. They are tried again ever more rarely.

import type { Clock } from '../../kube/clock.ts';
import type { Problem } from '../problem.ts';
import { refusedGroupLongestRetryMs } from '../timings.ts';

interface Refused {
  readonly problem: Problem;
  readonly failures: number;
  /** Monotonic. */
  readonly retryAt: number;
}

/** After the second refusal the wait doubles each time. */
const retryMs = (failures: number): number =>
  failures < 2 ? 0 : Math.min(1000 * 2 ** (failures - 2), refusedGroupLongestRetryMs);

export class RefusedGroups {
  readonly #clock: Clock;
  /** By the id of the security group. */
  readonly #refused = new Map<string, Refused>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  problemOf(groupId: string): Problem | undefined {
    return this.#refused.get(groupId)?.problem;
  }

  problems(): readonly (readonly [groupId: string, problem: Problem])[] {
    return [...this.#refused].map(([groupId, { problem }]) => [groupId, problem]);
  }

  /** Whether AWS refused it and the next attempt is due. */
  isDue(groupId: string): boolean {
    const refused = this.#refused.get(groupId);
    return refused !== undefined && this.#clock.monotonic() >= refused.retryAt;
  }

  /** The groups that a pass does not try. Only a pass that needs a group tries it again, because others must not wait for it. */
  leftAlone(needed: ReadonlySet<string>): ReadonlySet<string> {
    return new Set([...this.#refused.keys()].filter((groupId) => !needed.has(groupId) || !this.isDue(groupId)));
  }

  /** @param leftAlone the groups that were not tried. @param refused AWS's refusals for the other groups */
  remember(leftAlone: ReadonlySet<string>, refused: ReadonlyMap<string, Problem>): void {
    const now = this.#clock.monotonic();
    for (const groupId of this.#refused.keys()) {
      if (!leftAlone.has(groupId) && !refused.has(groupId)) this.#refused.delete(groupId);
    }
    for (const [groupId, problem] of refused) {
      const failures = (this.#refused.get(groupId)?.failures ?? 0) + 1;
      this.#refused.set(groupId, { problem, failures, retryAt: now + retryMs(failures) });
    }
  }

  clear(): void {
    this.#refused.clear();
  }
}
