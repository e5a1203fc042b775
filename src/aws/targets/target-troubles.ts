// What keeps load balancers from the targets of their groups: what the last pass over each group met, for its routes' status.

import { sameJson } from '../../kube/same-json.ts';
import type { TargetTrouble } from '../rule-problem.ts';

/** Targets are registered, and are admitted by security groups: each side says its own. */
type Side = 'registration' | 'admission';

export class TargetTroubles {
  readonly #byGroup = new Map<string, Partial<Record<Side, readonly TargetTrouble[]>>>();

  /** @param arn of the target group. @returns whether there is something else to say than before */
  set(arn: string, side: Side, troubles: readonly TargetTrouble[]): boolean {
    const before = this.#byGroup.get(arn);
    this.#byGroup.set(arn, { ...before, [side]: troubles });
    return !sameJson(before?.[side] ?? [], troubles);
  }

  /** Undefined where nobody has looked since this process has led: what was said before stands. */
  of(arn: string): readonly TargetTrouble[] | undefined {
    const { registration, admission = [] } = this.#byGroup.get(arn) ?? {};
    return registration && [...registration, ...admission];
  }

  forget(arn: string): void {
    this.#byGroup.delete(arn);
  }
}
