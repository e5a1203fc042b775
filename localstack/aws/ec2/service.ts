import { type Action, AwsError, type Input, type Output, type Service } from '../service.ts';
import type { World } from '../world.ts';
import { describeAvailabilityZones, modifyAvailabilityZoneGroup } from './availability-zones.ts';
import {
  allocateAddress,
  associateAddress,
  describeAddresses,
  disassociateAddress,
  releaseAddress,
} from './elastic-ips.ts';
import { describeInstances, refreshInstances, runInstancesAction, terminateInstances } from './instances.ts';
import {
  attachInternetGatewayAction,
  createInternetGatewayAction,
  deleteInternetGateway,
  describeInternetGateways,
  detachInternetGateway,
} from './internet-gateways.ts';
import {
  assignPrivateIpAddresses,
  attachNetworkInterface,
  createNetworkInterfaceAction,
  deleteNetworkInterface,
  describeNetworkInterfaces,
  detachNetworkInterface,
  modifyNetworkInterfaceAttribute,
  unassignPrivateIpAddresses,
} from './network-interface-actions.ts';
import { flag } from './parameters.ts';
import {
  associateRouteTableAction,
  createRouteAction,
  createRouteTableAction,
  deleteRouteTable,
  describeRouteTables,
  disassociateRouteTable,
} from './route-tables.ts';
import {
  authorize,
  describeSecurityGroupRules,
  modifySecurityGroupRules,
  revoke,
  updateDescriptions,
} from './security-group-rules.ts';
import { createSecurityGroupAction, deleteSecurityGroup, describeSecurityGroups } from './security-groups.ts';
import { createSubnetAction, deleteSubnet, describeSubnets, modifySubnetAttribute } from './subnets.ts';
import { createTags, deleteTags, describeTags } from './tags.ts';
import { createVpcAction, deleteVpc, describeVpcs } from './vpcs.ts';

const actions: Readonly<Record<string, (world: World, input: Input) => Output>> = {
  AllocateAddress: allocateAddress,
  AssignPrivateIpAddresses: assignPrivateIpAddresses,
  AssociateAddress: associateAddress,
  AssociateRouteTable: associateRouteTableAction,
  AttachInternetGateway: attachInternetGatewayAction,
  AttachNetworkInterface: attachNetworkInterface,
  AuthorizeSecurityGroupEgress: authorize('egress'),
  AuthorizeSecurityGroupIngress: authorize('ingress'),
  CreateInternetGateway: createInternetGatewayAction,
  CreateNetworkInterface: createNetworkInterfaceAction,
  CreateRoute: createRouteAction,
  CreateRouteTable: createRouteTableAction,
  CreateSecurityGroup: createSecurityGroupAction,
  CreateSubnet: createSubnetAction,
  CreateTags: createTags,
  CreateVpc: createVpcAction,
  DeleteInternetGateway: deleteInternetGateway,
  DeleteNetworkInterface: deleteNetworkInterface,
  DeleteRouteTable: deleteRouteTable,
  DeleteSecurityGroup: deleteSecurityGroup,
  DeleteSubnet: deleteSubnet,
  DeleteTags: deleteTags,
  DeleteVpc: deleteVpc,
  DescribeAddresses: describeAddresses,
  DescribeAvailabilityZones: describeAvailabilityZones,
  DescribeInstances: describeInstances,
  DescribeInternetGateways: describeInternetGateways,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DescribeRouteTables: describeRouteTables,
  DescribeSecurityGroupRules: describeSecurityGroupRules,
  DescribeSecurityGroups: describeSecurityGroups,
  DescribeSubnets: describeSubnets,
  DescribeTags: describeTags,
  DescribeVpcs: describeVpcs,
  DetachInternetGateway: detachInternetGateway,
  DetachNetworkInterface: detachNetworkInterface,
  DisassociateAddress: disassociateAddress,
  DisassociateRouteTable: disassociateRouteTable,
  ModifyAvailabilityZoneGroup: modifyAvailabilityZoneGroup,
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
  ModifySecurityGroupRules: modifySecurityGroupRules,
  ModifySubnetAttribute: modifySubnetAttribute,
  ReleaseAddress: releaseAddress,
  RevokeSecurityGroupEgress: revoke('egress'),
  RevokeSecurityGroupIngress: revoke('ingress'),
  RunInstances: runInstancesAction,
  TerminateInstances: terminateInstances,
  UnassignPrivateIpAddresses: unassignPrivateIpAddresses,
  UpdateSecurityGroupRuleDescriptionsEgress: updateDescriptions('egress'),
  UpdateSecurityGroupRuleDescriptionsIngress: updateDescriptions('ingress'),
};

/** The part of EC2 that load balancer controllers use. docs.aws.amazon.com/AWSEC2/latest/APIReference */
export function ec2Service(world: World): Service {
  const bind =
    (action: (world: World, input: Input) => Output): Action =>
    (input) => {
      if (flag(input, 'DryRun') === true) {
        throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
      }
      refreshInstances(world.ec2, world.clock.now());
      return action(world, input);
    };
  return {
    name: 'ec2',
    protocol: 'ec2',
    namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
    version: '2016-11-15',
    actions: Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, bind(action)])),
  };
}
