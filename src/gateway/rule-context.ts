// What the parts of a rule need to be resolved.
import type { GatewayInput } from './input.ts';
import type { Report } from './problem.ts';
import type { RouteRef, RulePlace } from './problem-place.ts';

export interface RuleContext {
  readonly input: GatewayInput;
  readonly route: RouteRef;
  /** The route's namespace. */
  readonly namespace: string;
  /** Makes a place from a path below the rule. */
  readonly place: (field: string) => RulePlace;
  readonly report: Report;
}
