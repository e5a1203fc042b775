// The EC2 state of an account in one region. Only the actions in this folder change records.

export type Tags = Map<string, string>;

export interface Vpc {
  readonly id: string;
  readonly cidrBlock: string;
  readonly defaultSecurityGroupId: string;
  readonly cidrAssociationId: string;
  /** Assigned by Amazon on request: a /56. */
  readonly ipv6: CidrAssociation | undefined;
  readonly tags: Tags;
}

export interface CidrAssociation {
  readonly associationId: string;
  readonly cidrBlock: string;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly cidrBlock: string;
  readonly ipv6: CidrAssociation | undefined;
  readonly availabilityZone: string;
  readonly availabilityZoneId: string;
  readonly outpostArn?: string | undefined;
  mapPublicIpOnLaunch: boolean;
  readonly tags: Tags;
}

export interface SecurityGroup {
  readonly id: string;
  readonly vpcId: string;
  readonly groupName: string;
  readonly description: string;
  /** In the order of their authorization. */
  readonly ruleIds: Set<string>;
  readonly tags: Tags;
}

/** The source or destination of a rule. */
export type RulePeer =
  | { readonly kind: 'ipv4'; readonly cidr: string }
  | { readonly kind: 'ipv6'; readonly cidr: string }
  | { readonly kind: 'group'; readonly groupId: string }
  | { readonly kind: 'prefix-list'; readonly prefixListId: string };

export interface SecurityGroupRule {
  readonly id: string;
  readonly groupId: string;
  readonly isEgress: boolean;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, another protocol's number, or `-1` for all. */
  readonly protocol: string;
  /** -1 means all, as in AWS. */
  readonly fromPort: number;
  readonly toPort: number;
  readonly peer: RulePeer;
  readonly description: string | undefined;
  readonly tags: Tags;
}

export interface Attachment {
  readonly attachmentId: string;
  /** Absent if the interface belongs to a service (a load balancer). */
  readonly instanceId: string | undefined;
  readonly instanceOwnerId: string;
  readonly deviceIndex: number;
  readonly deleteOnTermination: boolean;
  readonly attachTime: Date | undefined;
}

export interface NetworkInterface {
  readonly id: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly availabilityZoneId: string;
  description: string;
  groupIds: readonly string[];
  /** The first is the primary address. */
  privateIpAddresses: readonly string[];
  ipv6Addresses: readonly string[];
  /** Delegated prefixes: /28 blocks of its subnet, and /80 blocks. */
  ipv4Prefixes: readonly string[];
  ipv6Prefixes: readonly string[];
  readonly macAddress: string;
  readonly interfaceType: string;
  readonly requesterId: string | undefined;
  readonly requesterManaged: boolean;
  attachment: Attachment | undefined;
  sourceDestCheck: boolean;
  readonly tags: Tags;
}

export type InstanceStateName = 'pending' | 'running' | 'shutting-down' | 'terminated';

export interface Instance {
  readonly id: string;
  readonly reservationId: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly launchTime: Date;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly availabilityZoneId: string;
  state: InstanceStateName;
  /** The end of a transient state, in milliseconds since the epoch. */
  stateUntil: number;
  networkInterfaceIds: readonly string[];
  readonly tags: Tags;
}

export type RouteTarget =
  | { readonly kind: 'local' }
  | { readonly kind: 'gateway'; readonly gatewayId: string }
  | { readonly kind: 'nat'; readonly natGatewayId: string }
  | { readonly kind: 'network-interface'; readonly networkInterfaceId: string };

export interface Route {
  readonly destination: string;
  readonly target: RouteTarget;
  readonly origin: 'CreateRouteTable' | 'CreateRoute';
}

interface RouteTableAssociation {
  readonly associationId: string;
  /** Absent in the main association of the VPC. */
  readonly subnetId: string | undefined;
}

export interface RouteTable {
  readonly id: string;
  readonly vpcId: string;
  routes: readonly Route[];
  associations: readonly RouteTableAssociation[];
  readonly tags: Tags;
}

export interface InternetGateway {
  readonly id: string;
  attachedVpcId: string | undefined;
  readonly tags: Tags;
}

export interface ElasticIp {
  /** The id of the allocation. */
  readonly id: string;
  readonly publicIp: string;
  /** The region, or the zone group from which AWS advertises it. */
  readonly networkBorderGroup: string;
  /** The load balancer's or instance's interface that uses it. */
  networkInterfaceId: string | undefined;
  readonly tags: Tags;
}

export interface Ec2State {
  readonly region: string;
  readonly accountId: string;
  /** The number of ids so far: the next id is derived from it. */
  idsGiven: number;
  /** The results of RunInstances and CreateNetworkInterface by client token: a second call creates nothing. */
  readonly clientTokens: Map<string, string>;
  /** The groups of Local Zones and Wavelength Zones that the account has opted in to. */
  readonly zoneGroups: Set<string>;
  readonly vpcs: Map<string, Vpc>;
  readonly subnets: Map<string, Subnet>;
  readonly securityGroups: Map<string, SecurityGroup>;
  readonly securityGroupRules: Map<string, SecurityGroupRule>;
  readonly networkInterfaces: Map<string, NetworkInterface>;
  readonly instances: Map<string, Instance>;
  readonly routeTables: Map<string, RouteTable>;
  readonly internetGateways: Map<string, InternetGateway>;
  readonly elasticIps: Map<string, ElasticIp>;
}

export function newEc2State(region: string, accountId: string): Ec2State {
  return {
    region,
    accountId,
    idsGiven: 0,
    clientTokens: new Map(),
    zoneGroups: new Set(),
    vpcs: new Map(),
    subnets: new Map(),
    securityGroups: new Map(),
    securityGroupRules: new Map(),
    networkInterfaces: new Map(),
    instances: new Map(),
    routeTables: new Map(),
    internetGateways: new Map(),
    elasticIps: new Map(),
  };
}
