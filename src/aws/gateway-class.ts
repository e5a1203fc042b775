import type { GatewayClass } from '../api/gateway-api.ts';
import type { Sources } from '../gateway/gather.ts';
import type { GatewayInput } from '../gateway/input.ts';
import type { Problem } from '../gateway/problem.ts';
import { classParametersKey } from '../gateway/references.ts';
import { classParameters } from './parameters.ts';

export interface GatewayClassResult {
  readonly accepted: boolean;
  readonly problems: readonly Problem[];
}

/** @param configurations the one that the class refers to, if it exists */
export function evaluateGatewayClass(
  gatewayClass: GatewayClass,
  configurations: GatewayInput['configurations'],
): GatewayClassResult {
  const problems: Problem[] = [];
  const parameters = classParameters(gatewayClass, configurations, (problem) => void problems.push(problem));
  return { accepted: parameters !== undefined, problems };
}

/** The problems of a class's parameters. */
export function checkClass(
  gatewayClass: GatewayClass,
  sources: Pick<Sources, 'configuration'>,
): GatewayClassResult['problems'] {
  const key = classParametersKey(gatewayClass, 'LoadBalancerConfiguration');
  const configuration = key && sources.configuration(key);
  return evaluateGatewayClass(gatewayClass, new Map(key && configuration ? [[key, configuration]] : [])).problems;
}
