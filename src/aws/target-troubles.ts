// What keeps load balancers from the targets of their groups: what the last pass over each group met, for its routes' status.
import type { TargetTrouble } from '../gateway/problem.ts';

/** Targets are registered, and are admitted by security groups: each side says its own. */
type Side = 'registration' | 'admission';

export class TargetTroubles {
  readonly #byGroup = new Map<string, Partial<Record<Side, readonly TargetTrouble[]>>>();

  /** @param arn of the target group */
  set(arn: string, side: Side, troubles: readonly TargetTrouble[]): void {
    this.#byGroup.set(arn, { ...this.#byGroup.get(arn), [side]: troubles });
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
