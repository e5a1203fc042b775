import { updateLoadBalancerInterfaces } from '../ec2/network-interfaces.ts';
import type { Action } from '../service.ts';
import type { World } from '../world.ts';
import { arnSuffix } from './arns.ts';
import { invalidConfiguration, validationError } from './errors.ts';
import { loadBalancerOf } from './find.ts';
import { flag, integer, nonEmpty, oneOf, record, texts } from './input.ts';
import { checkIpAddressType, describeZones, ipAddressTypes } from './load-balancers.ts';
import { checkRoom, checkSecurityGroups, placementOf } from './placement.ts';
import type { LoadBalancer } from './state.ts';

function updateInterfaces(world: World, loadBalancer: LoadBalancer): void {
  updateLoadBalancerInterfaces(world.ec2, {
    loadBalancerName: loadBalancer.name,
    arnSuffix: arnSuffix(loadBalancer.arn),
    subnetIds: loadBalancer.subnets.map(({ subnetId }) => subnetId),
    securityGroupIds: loadBalancer.securityGroups,
  });
}

function describeCapacity({ capacityUnits }: LoadBalancer) {
  return {
    DecreaseRequestsRemaining: 2,
    MinimumLoadBalancerCapacity: capacityUnits === undefined ? undefined : { CapacityUnits: capacityUnits },
    CapacityReservationState: [],
  };
}

/** SetSubnets, SetSecurityGroups, SetIpAddressType and the capacity reservation. */
export function loadBalancerSettingActions(world: World): Record<string, Action> {
  return {
    SetSubnets(input) {
      const loadBalancer = loadBalancerOf(world.elbv2, input);
      const { vpcId, subnets } = placementOf(world, input, loadBalancer.type);
      if (vpcId !== loadBalancer.vpcId) throw invalidConfiguration("The subnets must be in the load balancer's VPC");
      const ipAddressType = oneOf(input, 'IpAddressType', ipAddressTypes);
      if (ipAddressType) checkIpAddressType(ipAddressType, loadBalancer.type, loadBalancer.scheme);
      const known = new Set(loadBalancer.subnets.map(({ subnetId }) => subnetId));
      checkRoom(
        world,
        subnets.map(({ subnetId }) => subnetId).filter((id) => !known.has(id)),
      );
      loadBalancer.subnets = subnets;
      loadBalancer.ipAddressType = ipAddressType ?? loadBalancer.ipAddressType;
      updateInterfaces(world, loadBalancer);
      return { AvailabilityZones: describeZones(loadBalancer), IpAddressType: loadBalancer.ipAddressType };
    },
    SetSecurityGroups(input) {
      const loadBalancer = loadBalancerOf(world.elbv2, input);
      const groups = nonEmpty(texts(input, 'SecurityGroups'), 'SecurityGroups');
      if (loadBalancer.type === 'network' && loadBalancer.securityGroups.length === 0) {
        const message = 'Security groups cannot be set on a Network Load Balancer that was created without any';
        throw invalidConfiguration(message);
      }
      checkSecurityGroups(world, groups, loadBalancer.vpcId);
      loadBalancer.securityGroups = groups;
      updateInterfaces(world, loadBalancer);
      return { SecurityGroupIds: groups };
    },
    SetIpAddressType(input) {
      const loadBalancer = loadBalancerOf(world.elbv2, input);
      const ipAddressType = oneOf(input, 'IpAddressType', ipAddressTypes);
      if (!ipAddressType) throw validationError('Parameter IpAddressType must be specified');
      checkIpAddressType(ipAddressType, loadBalancer.type, loadBalancer.scheme);
      loadBalancer.ipAddressType = ipAddressType;
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
