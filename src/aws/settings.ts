// The settings of a Gateway's load balancer: flags, then the class's LoadBalancerConfiguration, then the Gateway's.
import type {
  LoadBalancerConfigurationSpec,
  LoadBalancerSettings,
  SubnetAddresses,
} from '../api/load-balancer-configuration.ts';
import type { SubnetMapping } from '../api/subnet-mappings.ts';
import type { GatewayInput } from '../gateway/input.ts';
import type { Report } from '../gateway/problem.ts';
import { canonicalAddress, canonicalBlock } from './model/addresses.ts';
import { classParameters, gatewayParameters } from './parameters.ts';

/** The settings if neither configuration has a value. */
export type SettingsDefaults = Pick<
  LoadBalancerSettings,
  'scheme' | 'ipAddressType' | 'targetType' | 'sslPolicy' | 'tags'
>;

/** Undefined if a configuration is invalid. Then nothing may be changed, because the wanted settings are not known. */
export function resolveSettings(
  input: GatewayInput,
  defaults: SettingsDefaults,
  report: Report,
): LoadBalancerSettings | undefined {
  const ofClass = classParameters(input.gatewayClass, input.configurations, report);
  const ofGateway = gatewayParameters(input, report);
  if (ofClass === undefined || ofGateway === undefined) return undefined;

  const settings =
    ofClass.spec.mergingMode === 'prefer-gateway-class'
      ? merge(ofClass.spec, ofGateway.spec, defaults)
      : merge(ofGateway.spec, ofClass.spec, defaults);

  if (settings.securityGroups !== undefined && settings.sourceRanges.length > 0) {
    // Each configuration is valid alone. The Gateway's gets the problem, because its owner can change it.
    const detail =
      'sourceRanges and securityGroups cannot be used together, and the configuration of the class has one of them';
    const field = ofGateway.spec.sourceRanges === undefined ? 'securityGroups' : 'sourceRanges';
    report({ kind: 'parameters-invalid', on: 'gateway', reference: ofGateway.reference, field, detail });
    return undefined;
  }
  return settings;
}

function merge(
  stronger: LoadBalancerConfigurationSpec,
  weaker: LoadBalancerConfigurationSpec,
  defaults: SettingsDefaults,
): LoadBalancerSettings {
  const { subnets, subnetMappings } = [stronger, weaker].find((each) => each.subnets ?? each.subnetMappings) ?? {};
  const securityGroups = stronger.securityGroups ?? weaker.securityGroups;
  const healthCheck = stronger.targetGroupHealthCheck ?? weaker.targetGroupHealthCheck;
  const enforceOnPrivateLink =
    stronger.enforceSecurityGroupInboundRulesOnPrivateLinkTraffic ??
    weaker.enforceSecurityGroupInboundRulesOnPrivateLinkTraffic;
  return {
    scheme: stronger.scheme ?? weaker.scheme ?? defaults.scheme,
    ipAddressType: stronger.ipAddressType ?? weaker.ipAddressType ?? defaults.ipAddressType,
    ...(subnets !== undefined && { subnets }),
    ...(subnetMappings !== undefined && { subnetMappings: subnetMappings.map(subnetAddresses) }),
    ...(securityGroups !== undefined && { securityGroups }),
    sourceRanges: stronger.sourceRanges ?? weaker.sourceRanges ?? [],
    targetType: stronger.targetType ?? weaker.targetType ?? defaults.targetType,
    sslPolicy: stronger.sslPolicy ?? weaker.sslPolicy ?? defaults.sslPolicy,
    targetGroupAttributes: { ...weaker.targetGroupAttributes, ...stronger.targetGroupAttributes },
    ...(healthCheck !== undefined && { healthCheck }),
    ...(enforceOnPrivateLink !== undefined && { enforceOnPrivateLink }),
    loadBalancerAttributes: { ...weaker.loadBalancerAttributes, ...stronger.loadBalancerAttributes },
    tags: { ...defaults.tags, ...weaker.tags, ...stronger.tags },
  };
}

const subnetAddresses = ({
  identifier: subnet,
  eipAllocation: allocation,
  privateIPv4Allocation: privateIpv4,
  ipv6Allocation,
  sourceNatIPv6Prefix,
}: SubnetMapping): SubnetAddresses => ({
  subnet,
  ...(allocation !== undefined && { allocation }),
  ...(privateIpv4 !== undefined && { privateIpv4 }),
  ...(ipv6Allocation !== undefined && { ipv6: canonicalAddress(ipv6Allocation) }),
  ...(sourceNatIPv6Prefix !== undefined && { sourceNatIpv6Prefix: canonicalBlock(sourceNatIPv6Prefix) }),
});
