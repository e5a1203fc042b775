// What becomes of a part of a rule: its value in AWS's terms, unless a finding refuses it.
import type { RulePlacedProblem } from '../rule-problem.ts';

type WithoutRule<P> = P extends unknown ? Omit<P, 'route' | 'rule'> : never;

/** A problem of a rule, before it is known whose rule it is. */
export type Finding = WithoutRule<RulePlacedProblem>;

export interface Expressed<T> {
  /** Absent where the rule can't be expressed: then a finding says why. */
  readonly value?: T;
  readonly findings: readonly Finding[];
}

/** Whether the rule can't be as it should; other findings are only told. */
export function refused(finding: Finding): boolean {
  return finding.kind !== 'match-ignores-case' && finding.kind !== 'invalid-share-answers-503';
}
