// What the parts of a rule need to be resolved.
import type { PoliciesResolved } from './backend-tls.ts';
import type { Report } from './problem.ts';
import type { RouteRef, RulePlace } from './problem-place.ts';

/** What is the same for all rules of a route. */
export type RouteContext = Pick<RuleContext, 'input' | 'report' | 'reencrypts'>;

export interface RuleContext {
  readonly input: PoliciesResolved;
  readonly route: RouteRef;
  /** The route's namespace. */
  readonly namespace: string;
  /** Whether BackendTLSPolicies apply to the route's backends. */
  readonly reencrypts: boolean;
  /** Makes a place from a path below the rule. */
  readonly place: (field: string) => RulePlace;
  readonly report: Report;
}
