// What is used of EC2, and of that only the members that are read or written.
import { command } from './command.ts';
import { flag, list, number, struct, text, type ValueOf } from './shape.ts';

const tag = struct({ Key: ['key', text], Value: ['value', text] });
const filter = struct({ Name: ['name', text], Values: ['value', list(text)] });
const tagSpecification = struct({ ResourceType: ['resourceType', text], Tags: ['tag', list(tag)] });
const group = struct({ GroupId: ['groupId', text] });

const describeInput = struct({
  Filters: ['filter', list(filter)],
  MaxResults: ['maxResults', number],
  NextToken: ['nextToken', text],
});

const ipPermission = struct({
  IpProtocol: ['ipProtocol', text],
  FromPort: ['fromPort', number],
  ToPort: ['toPort', number],
  UserIdGroupPairs: ['groups', list(struct({ GroupId: ['groupId', text], Description: ['description', text] }))],
  IpRanges: ['ipRanges', list(struct({ CidrIp: ['cidrIp', text], Description: ['description', text] }))],
  Ipv6Ranges: ['ipv6Ranges', list(struct({ CidrIpv6: ['cidrIpv6', text], Description: ['description', text] }))],
});

const securityGroupRule = struct({
  SecurityGroupRuleId: ['securityGroupRuleId', text],
  GroupId: ['groupId', text],
  IsEgress: ['isEgress', flag],
  IpProtocol: ['ipProtocol', text],
  FromPort: ['fromPort', number],
  ToPort: ['toPort', number],
  CidrIpv4: ['cidrIpv4', text],
  CidrIpv6: ['cidrIpv6', text],
  PrefixListId: ['prefixListId', text],
  ReferencedGroupInfo: ['referencedGroupInfo', group],
  Tags: ['tagSet', list(tag)],
});

const subnet = struct({
  SubnetId: ['subnetId', text],
  AvailabilityZone: ['availabilityZone', text],
  AvailableIpAddressCount: ['availableIpAddressCount', number],
  Ipv6CidrBlockAssociationSet: [
    'ipv6CidrBlockAssociationSet',
    list(struct({ Ipv6CidrBlockState: ['ipv6CidrBlockState', struct({ State: ['state', text] })] })),
  ],
  Tags: ['tagSet', list(tag)],
});

const routeTable = struct({
  Associations: ['associationSet', list(struct({ SubnetId: ['subnetId', text], Main: ['main', flag] }))],
  Routes: ['routeSet', list(struct({ GatewayId: ['gatewayId', text], State: ['state', text] }))],
});

const instance = struct({
  InstanceId: ['instanceId', text],
  VpcId: ['vpcId', text],
  SecurityGroups: ['groupSet', list(group)],
  NetworkInterfaces: [
    'networkInterfaceSet',
    list(
      struct({
        Attachment: ['attachment', struct({ DeviceIndex: ['deviceIndex', number] })],
        Groups: ['groupSet', list(group)],
      }),
    ),
  ],
});

const networkInterface = struct({
  Groups: ['groupSet', list(group)],
  PrivateIpAddresses: ['privateIpAddressesSet', list(struct({ PrivateIpAddress: ['privateIpAddress', text] }))],
  Ipv6Addresses: ['ipv6AddressesSet', list(struct({ Ipv6Address: ['ipv6Address', text] }))],
});

const securityGroup = struct({
  GroupId: ['groupId', text],
  GroupName: ['groupName', text],
  Tags: ['tagSet', list(tag)],
});

const next = ['nextToken', text] as const;
const empty = struct({});
const tagsInput = struct({ Resources: ['resourceId', list(text)], Tags: ['tag', list(tag)] });

export const DescribeSubnetsCommand = command(
  'DescribeSubnets',
  describeInput,
  struct({ Subnets: ['subnetSet', list(subnet)], NextToken: next }),
);

export const DescribeRouteTablesCommand = command(
  'DescribeRouteTables',
  describeInput,
  struct({ RouteTables: ['routeTableSet', list(routeTable)], NextToken: next }),
);

export const DescribeInstancesCommand = command(
  'DescribeInstances',
  describeInput,
  struct({
    Reservations: ['reservationSet', list(struct({ Instances: ['instancesSet', list(instance)] }))],
    NextToken: next,
  }),
);

export const DescribeNetworkInterfacesCommand = command(
  'DescribeNetworkInterfaces',
  describeInput,
  struct({ NetworkInterfaces: ['networkInterfaceSet', list(networkInterface)], NextToken: next }),
);

export const DescribeSecurityGroupsCommand = command(
  'DescribeSecurityGroups',
  describeInput,
  struct({ SecurityGroups: ['securityGroupInfo', list(securityGroup)], NextToken: next }),
);

export const DescribeSecurityGroupRulesCommand = command(
  'DescribeSecurityGroupRules',
  describeInput,
  struct({ SecurityGroupRules: ['securityGroupRuleSet', list(securityGroupRule)], NextToken: next }),
);

export const CreateSecurityGroupCommand = command(
  'CreateSecurityGroup',
  struct({
    Description: ['groupDescription', text],
    GroupName: ['groupName', text],
    VpcId: ['vpcId', text],
    TagSpecifications: ['tagSpecification', list(tagSpecification)],
  }),
  struct({ GroupId: ['groupId', text] }),
);

export const DeleteSecurityGroupCommand = command('DeleteSecurityGroup', group, empty);

export const AuthorizeSecurityGroupIngressCommand = command(
  'AuthorizeSecurityGroupIngress',
  struct({
    GroupId: ['groupId', text],
    IpPermissions: ['ipPermissions', list(ipPermission)],
    TagSpecifications: ['tagSpecification', list(tagSpecification)],
  }),
  struct({ SecurityGroupRules: ['securityGroupRuleSet', list(securityGroupRule)] }),
);

export const RevokeSecurityGroupIngressCommand = command(
  'RevokeSecurityGroupIngress',
  struct({ GroupId: ['groupId', text], SecurityGroupRuleIds: ['securityGroupRuleId', list(text)] }),
  empty,
);

export const CreateTagsCommand = command('CreateTags', tagsInput, empty);

export const DeleteTagsCommand = command('DeleteTags', tagsInput, empty);

export type Filter = ValueOf<typeof filter>;
export type Instance = ValueOf<typeof instance>;
export type IpPermission = ValueOf<typeof ipPermission>;
export type NetworkInterface = ValueOf<typeof networkInterface>;
export type RouteTable = ValueOf<typeof routeTable>;
export type SecurityGroup = ValueOf<typeof securityGroup>;
export type SecurityGroupRule = ValueOf<typeof securityGroupRule>;
export type Subnet = ValueOf<typeof subnet>;
export type GroupIdentifier = ValueOf<typeof group>;
