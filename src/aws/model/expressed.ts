// What becomes of a part of a rule: its value in AWS's terms, unless a shortfall refuses it.
import type { RulePlacedProblem } from '../rule-problem.ts';

type WithoutRule<P> = P extends unknown ? Omit<P, 'route' | 'rule'> : never;

/** What an ALB can't do of a rule, or does otherwise: a problem, before it is said whose rule it is. */
export type AlbShortfall = WithoutRule<RulePlacedProblem>;

export interface Expressed<T> {
  /** Absent where the rule can't be expressed: then a shortfall says why. */
  readonly value?: T;
  readonly shortfalls: readonly AlbShortfall[];
}

/** Whether the rule can't be as it should; other shortfalls are only told. */
export function refused(shortfall: AlbShortfall): boolean {
  return shortfall.kind !== 'match-ignores-case' && shortfall.kind !== 'invalid-share-answers-503';
}
