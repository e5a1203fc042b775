import { updateLoadBalancerInterfaces } from '../ec2/network-interfaces.ts';
import type { Action, Input, Output } from '../service.ts';
import type { World } from '../world.ts';
import { arnSuffix } from './arns.ts';
import { invalidConfiguration, validationError } from './errors.ts';
import { listenersOf, loadBalancerOf, rulesOf } from './find.ts';
import { flag, integer, nonEmpty, oneOf, record, texts } from './input.ts';
import { checkIpAddressType, describeZones, ipAddressTypes, readSourceNat } from './load-balancers.ts';
import { checkNetworkForward } from './network-forward.ts';
import { checkRoom, checkSecurityGroups, placementOf } from './placement.ts';
import type { LoadBalancer, SubnetMapping } from './state.ts';
import { checkMappings, checkMappingsFree, keptMappings } from './subnet-mappings.ts';

function updateInterfaces(world: World, loadBalancer: LoadBalancer): void {
  updateLoadBalancerInterfaces(world.ec2, {
    arnSuffix: arnSuffix(loadBalancer.arn),
    subnets: loadBalancer.subnets,
    securityGroupIds: loadBalancer.securityGroups,
    dualstack: loadBalancer.ipAddressType !== 'ipv4',
  });
}

function describeCapacity({ capacityUnits }: LoadBalancer) {
  return {
    DecreaseRequestsRemaining: 2,
    MinimumLoadBalancerCapacity: capacityUnits === undefined ? undefined : { CapacityUnits: capacityUnits },
    CapacityReservationState: [],
  };
}

/** Checks that the load balancer, with its settings, can use these subnets and addresses. */
function checkPlaced(
  world: World,
  { arn }: LoadBalancer,
  subnets: readonly SubnetMapping[],
  as: Pick<LoadBalancer, 'type' | 'scheme' | 'ipAddressType' | 'enablePrefixForIpv6SourceNat'>,
): void {
  checkIpAddressType(as.ipAddressType, as.type, as.scheme);
  checkMappings(world, subnets, as);
  if (as.type !== 'network') return;
  for (const listener of listenersOf(world.elbv2, arn)) {
    for (const rule of rulesOf(world.elbv2, listener.arn)) {
      if (as.ipAddressType === 'ipv4' && rule.priority !== 'default') {
        throw invalidConfiguration('The IP address type must be dualstack while a listener has rules');
      }
      for (const action of rule.actions) {
        if (action.Type === 'forward') checkNetworkForward(world, as, listener, action);
      }
    }
  }
}

function setSubnets(world: World, input: Input): Output {
  const loadBalancer = loadBalancerOf(world.elbv2, input);
  const { vpcId, subnets: wanted } = placementOf(world, input, loadBalancer.type);
  if (vpcId !== loadBalancer.vpcId) throw invalidConfiguration("The subnets must be in the load balancer's VPC");
  const subnets = keptMappings(loadBalancer.subnets, wanted);
  const ipAddressType = oneOf(input, 'IpAddressType', ipAddressTypes) ?? loadBalancer.ipAddressType;
  const { type, scheme } = loadBalancer;
  const enablePrefixForIpv6SourceNat =
    readSourceNat(input, { type, ipAddressType }) ?? loadBalancer.enablePrefixForIpv6SourceNat;
  checkPlaced(world, loadBalancer, subnets, { type, scheme, ipAddressType, enablePrefixForIpv6SourceNat });
  const known = new Set(loadBalancer.subnets.map(({ subnetId }) => subnetId));
  const added = subnets.filter(({ subnetId }) => !known.has(subnetId));
  if (type === 'network') checkZonesNew(loadBalancer, added);
  checkRoom(world, added);
  checkMappingsFree(world, added);
  loadBalancer.subnets = subnets;
  loadBalancer.ipAddressType = ipAddressType;
  loadBalancer.enablePrefixForIpv6SourceNat = enablePrefixForIpv6SourceNat;
  updateInterfaces(world, loadBalancer);
  return {
    AvailabilityZones: describeZones(world, loadBalancer),
    IpAddressType: ipAddressType,
    EnablePrefixForIpv6SourceNat: enablePrefixForIpv6SourceNat,
  };
}

/**
 * "Subnet changes within the same Availability Zone must be independent actions. You first complete removing the existing
 * subnet, then you can add the new subnet": network/availability-zones.html. The words are AWS's
 * (github.com/kubernetes-sigs/aws-load-balancer-controller/issues/4171).
 */
function checkZonesNew({ subnets }: LoadBalancer, added: readonly SubnetMapping[]): void {
  const same = added.find((each) => subnets.some(({ zone }) => zone === each.zone));
  if (!same) return;
  throw invalidConfiguration(
    `You cannot specify an additional subnet from an Availability Zone that is already associated with the load balancer. The Availability Zone '${same.zone}' corresponding to the new subnet '${same.subnetId}' is already associated with the load balancer.`,
  );
}

function setSecurityGroups(world: World, input: Input): Output {
  const loadBalancer = loadBalancerOf(world.elbv2, input);
  const groups = nonEmpty(texts(input, 'SecurityGroups'), 'SecurityGroups');
  if (loadBalancer.type === 'network' && loadBalancer.securityGroups.length === 0) {
    const message = 'Security groups cannot be set on a Network Load Balancer that was created without any';
    throw invalidConfiguration(message);
  }
  const enforce = oneOf(input, 'EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic', ['on', 'off']);
  if (enforce !== undefined && loadBalancer.type !== 'network') {
    throw invalidConfiguration('PrivateLink traffic is only of Network Load Balancers');
  }
  checkSecurityGroups(world, groups, loadBalancer.vpcId);
  loadBalancer.securityGroups = groups;
  loadBalancer.enforceSecurityGroupInboundRulesOnPrivateLinkTraffic =
    enforce ?? loadBalancer.enforceSecurityGroupInboundRulesOnPrivateLinkTraffic;
  updateInterfaces(world, loadBalancer);
  return {
    SecurityGroupIds: groups,
    EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic:
      loadBalancer.enforceSecurityGroupInboundRulesOnPrivateLinkTraffic,
  };
}

/** SetSubnets, SetSecurityGroups, SetIpAddressType and the capacity reservation. */
export function loadBalancerSettingActions(world: World): Record<string, Action> {
  return {
    SetSubnets: (input) => setSubnets(world, input),
    SetSecurityGroups: (input) => setSecurityGroups(world, input),
    SetIpAddressType(input) {
      const loadBalancer = loadBalancerOf(world.elbv2, input);
      const ipAddressType = oneOf(input, 'IpAddressType', ipAddressTypes);
      if (!ipAddressType) throw validationError('Parameter IpAddressType must be specified');
      checkPlaced(world, loadBalancer, loadBalancer.subnets, { ...loadBalancer, ipAddressType });
      loadBalancer.ipAddressType = ipAddressType;
      updateInterfaces(world, loadBalancer);
      return { IpAddressType: ipAddressType };
    },
    DescribeCapacityReservation: (input) => describeCapacity(loadBalancerOf(world.elbv2, input)),
    ModifyCapacityReservation(input) {
      const loadBalancer = loadBalancerOf(world.elbv2, input);
      const minimum = record(input, 'MinimumLoadBalancerCapacity');
      const units = minimum && integer(minimum, 'CapacityUnits', { min: 1, max: 100_000 });
      if (flag(input, 'ResetCapacityReservation') === true) loadBalancer.capacityUnits = undefined;
      else if (units === undefined) throw validationError('Parameter MinimumLoadBalancerCapacity must be specified');
      else loadBalancer.capacityUnits = units;
      return describeCapacity(loadBalancer);
    },
  };
}
