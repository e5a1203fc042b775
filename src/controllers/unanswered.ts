// How long the provider has neither done nor refused what Gateways need.

import type { ObjectKey } from '../kube/object.ts';
import type { Finding } from '../provider/finding.ts';
import { isPassing } from '../status/hindrances.ts';

/** After this time the status asks for attention. In milliseconds. */
export const overdueMs = 60_000;

export class Unanswered {
  /** By the monotonic clock. */
  readonly #since = new Map<ObjectKey, number>();

  /**
   * Records the result of a Gateway's pass.
   * @param begun when the pass began, and `now` when it ended, by the monotonic clock
   * @returns how long there has been no answer, in milliseconds, or undefined if there is one
   */
  note(gateway: ObjectKey, found: readonly Finding[], begun: number, now: number): number | undefined {
    if (!found.some(isPassing)) {
      this.#since.delete(gateway);
      return undefined;
    }
    const since = this.#since.get(gateway) ?? begun;
    this.#since.set(gateway, since);
    return now - since;
  }

  forget(gateway: ObjectKey): void {
    this.#since.delete(gateway);
  }
}
