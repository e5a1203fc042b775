// The LoadBalancerConfiguration that a parametersRef points to, validated.
import type { GatewayClass } from '../api/gateway-api.ts';
import {
  type LoadBalancerConfigurationSpec,
  loadBalancerConfigurationSpec,
} from '../api/load-balancer-configuration.ts';
import type { GatewayInput } from '../gateway/input.ts';
import * as parameters from '../gateway/parameters.ts';
import type { Report } from '../gateway/problem.ts';

const form: parameters.ParametersForm<LoadBalancerConfigurationSpec> = {
  kind: 'LoadBalancerConfiguration',
  schema: loadBalancerConfigurationSpec,
  records: ['tags', 'loadBalancerAttributes', 'targetGroupAttributes'],
  notTogether: [
    ['sourceRanges', 'securityGroups'],
    ['subnetMappings', 'subnets'],
  ],
};

/** Undefined if the class's parameters are missing or invalid. */
export const classParameters = (
  gatewayClass: GatewayClass,
  configurations: GatewayInput['configurations'],
  report: Report,
) => parameters.classParameters(gatewayClass, configurations, form, report);

/** Undefined if the Gateway's parameters are missing or invalid. */
export const gatewayParameters = ({ gateway, configurations }: GatewayInput, report: Report) =>
  parameters.gatewayParameters(gateway, configurations, form, report);
