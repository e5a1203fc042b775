// The reasons why load balancers cannot use targets, from the last pass over each target group. The routes' status reports them.

import { sameJson } from '../../kube/same-json.ts';
import type { TargetTrouble } from '../rule-problem.ts';

/** Registration and admission by security groups report their troubles separately. */
type Side = 'registration' | 'admission' | 'zones';

export class TargetTroubles {
  readonly #byGroup = new Map<string, Partial<Record<Side, readonly TargetTrouble[]>>>();

  /** @param arn the target group's ARN. @returns whether the troubles have changed */
  set(arn: string, side: Side, troubles: readonly TargetTrouble[]): boolean {
    const before = this.#byGroup.get(arn);
    this.#byGroup.set(arn, { ...before, [side]: troubles });
    return !sameJson(before?.[side] ?? [], troubles);
  }

  /** Undefined if no pass has looked since this process became the leader. Then the earlier status stays. */
  of(arn: string): readonly TargetTrouble[] | undefined {
    const { registration, admission = [], zones = [] } = this.#byGroup.get(arn) ?? {};
    return registration && [...registration, ...admission, ...zones];
  }

  forget(arn: string): void {
    this.#byGroup.delete(arn);
  }
}
