// Ports that an NLB no longer needs. AWS takes minutes to deregister a target of an NLB, and sends it connections until then. So
// the ports stay open for that time. An ALB stops at once.
import type { Clock } from '../../kube/clock.ts';
import { deregistrationMs } from '../timings.ts';
import { reachKey } from './admission-ranges.ts';
import type { Need } from './reach.ts';

export class Lingering {
  readonly #clock: Clock;
  /** By the ARN of the target group and the key of the reach: the end of its time; monotonic. */
  readonly #until = new Map<string, ReadonlyMap<string, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The need, with the ports that the group needed before and may still use for a while. */
  added(arn: string, need: Need, before: Need): Need {
    const now = this.#clock.monotonic();
    const wanted = new Set(need.reaches.map(reachKey));
    const known = this.#until.get(arn);
    const given = before.reaches.filter((reach) => !wanted.has(reachKey(reach)));
    const left = given
      .map((reach) => ({ reach, until: known?.get(reachKey(reach)) ?? now + deregistrationMs }))
      .filter(({ until }) => now < until);
    this.#until.set(arn, new Map(left.map(({ reach, until }) => [reachKey(reach), until])));
    if (left.length === 0) return need;
    const retryAt = Math.min(...left.map(({ until }) => until), ...(need.retryAt === undefined ? [] : [need.retryAt]));
    return { ...need, reaches: [...need.reaches, ...left.map(({ reach }) => reach)], retryAt };
  }

  forget(arn: string): void {
    this.#until.delete(arn);
  }
}
