// The result for a part of a rule: its value for AWS, or the shortfalls that rule it out.
import type { RulePlacedProblem } from '../rule-problem.ts';

type WithoutRule<P> = P extends unknown ? Omit<P, 'route' | 'rule'> : never;

/** What an ALB cannot do for a rule, or does differently: a problem without the rule itself. */
export type AlbShortfall = WithoutRule<RulePlacedProblem>;

export interface Expressed<T> {
  /** Absent if the part cannot be expressed. Then a shortfall says why. */
  readonly value?: T;
  readonly shortfalls: readonly AlbShortfall[];
}

/** Whether the shortfall changes the rule. Other shortfalls are only reported. */
export function refused(shortfall: AlbShortfall): boolean {
  return shortfall.kind !== 'match-ignores-case' && shortfall.kind !== 'invalid-share-answers-503';
}
