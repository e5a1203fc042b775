// What the parts of a rule are resolved with.
import type { GatewayInput } from './input.ts';
import type { Report } from './problem.ts';
import type { RouteRef, RulePlace } from './problem-place.ts';

export interface RuleContext {
  readonly input: GatewayInput;
  readonly route: RouteRef;
  /** The route's. */
  readonly namespace: string;
  /** From a path below the rule. */
  readonly place: (field: string) => RulePlace;
  readonly report: Report;
}
