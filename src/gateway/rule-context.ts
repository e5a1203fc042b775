// What the parts of a rule are resolved with.
import type { LoadBalancerSettings } from '../api/load-balancer-configuration.ts';
import type { GatewayInput } from './input.ts';
import type { Report } from './problem.ts';
import type { RulePlace } from './problem-place.ts';
import type { Capabilities } from './topology.ts';

export interface RuleContext {
  readonly input: GatewayInput;
  readonly capabilities: Capabilities;
  /** Undefined while the settings are not known. */
  readonly settings: Pick<LoadBalancerSettings, 'targetType' | 'ipAddressType'> | undefined;
  /** The route's. */
  readonly namespace: string;
  /** From a path below the rule. */
  readonly place: (field: string) => RulePlace;
  readonly report: Report;
}
