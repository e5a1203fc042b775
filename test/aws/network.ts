// Creates the VPC of a cluster's installer over the API, the same as in the embedded AWS.
import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeAvailabilityZonesCommand,
  DescribeVpcsCommand,
  EC2Client,
  type EC2ClientConfig,
  type ResourceType,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { Seed } from '../../localstack/aws/seed.ts';

const zoneCount = 3;
const nodeCount = 3;

const tagged = (type: ResourceType, tags: Readonly<Record<string, string>>) => [
  { ResourceType: type, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
];

interface SubnetPlan {
  readonly vpcId: string;
  /** Amazon's /56. Some emulators have none. */
  readonly ipv6: string | undefined;
  readonly zones: readonly string[];
  readonly clusterName: string;
  /** The first block's third byte, 10.0.FIRST.0/20; in hexadecimal, also that of the /64 blocks. */
  readonly first: number;
  readonly roleTag: string;
}

/** One subnet per zone, with one route table. */
async function createSubnets(ec2: EC2Client, plan: SubnetPlan) {
  const { vpcId, ipv6, zones, clusterName, first, roleTag } = plan;
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpcId }));
  const RouteTableId = RouteTable?.RouteTableId ?? '';
  const ids: string[] = [];
  for (const [index, zone] of zones.entries()) {
    const block = first + 16 * index;
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({
        VpcId: vpcId,
        CidrBlock: `10.0.${block}.0/20`,
        Ipv6CidrBlock: ipv6?.replace(/00::\/56$/, `${block.toString(16).padStart(2, '0')}::/64`),
        AvailabilityZone: zone,
        TagSpecifications: tagged('subnet', { [`kubernetes.io/cluster/${clusterName}`]: 'shared', [roleTag]: '1' }),
      }),
    );
    const SubnetId = Subnet?.SubnetId ?? '';
    await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
    ids.push(SubnetId);
  }
  return { RouteTableId, ids };
}

/** The nodes' security group, which lets them reach each other. */
async function createNodeGroup(ec2: EC2Client, vpcId: string, clusterName: string): Promise<string> {
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: `${clusterName}-nodes`,
      Description: 'Nodes of the cluster',
      VpcId: vpcId,
      TagSpecifications: tagged('security-group', { [`kubernetes.io/cluster/${clusterName}`]: 'owned' }),
    }),
  );
  const IpPermissions = [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  return GroupId;
}

async function startNode(ec2: EC2Client, subnetId: string, groupId: string, clusterName: string) {
  const { Instances: [node] = [] } = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-0abcdef1234567890',
      InstanceType: 'm6i.large',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: subnetId,
      SecurityGroupIds: [groupId],
      TagSpecifications: tagged('instance', { [`kubernetes.io/cluster/${clusterName}`]: 'owned' }),
    }),
  );
  return {
    instanceId: node?.InstanceId ?? '',
    zone: node?.Placement?.AvailabilityZone ?? '',
    privateIp: node?.PrivateIpAddress ?? '',
  };
}

/** A VPC with IPv6, an internet gateway, public and private subnets in three zones, and nodes in the private ones. */
export async function seedNetwork(client: EC2ClientConfig, region: string, clusterName: string): Promise<Seed> {
  const ec2 = new EC2Client(client);
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({
      CidrBlock: '10.0.0.0/16',
      AmazonProvidedIpv6CidrBlock: true,
      TagSpecifications: tagged('vpc', { Name: clusterName }),
    }),
  );
  const vpcId = Vpc?.VpcId ?? '';
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [vpcId] }));
  const ipv6 = Vpcs?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock;
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const internetGatewayId = InternetGateway?.InternetGatewayId ?? '';
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: internetGatewayId, VpcId: vpcId }));
  const { AvailabilityZones = [] } = await ec2.send(new DescribeAvailabilityZonesCommand({}));
  const zones = AvailabilityZones.slice(0, zoneCount).map(({ ZoneName = '' }) => ZoneName);
  const plan = { vpcId, ipv6, zones, clusterName };
  const open = await createSubnets(ec2, { ...plan, first: 0, roleTag: 'kubernetes.io/role/elb' });
  await ec2.send(
    new CreateRouteCommand({
      RouteTableId: open.RouteTableId,
      DestinationCidrBlock: '0.0.0.0/0',
      GatewayId: internetGatewayId,
    }),
  );
  const inner = await createSubnets(ec2, { ...plan, first: 48, roleTag: 'kubernetes.io/role/internal-elb' });
  const nodeSecurityGroupId = await createNodeGroup(ec2, vpcId, clusterName);
  const places = Array.from({ length: nodeCount }, (_, index) => inner.ids[index % inner.ids.length] ?? '');
  const nodes = await Promise.all(places.map((id) => startNode(ec2, id, nodeSecurityGroupId, clusterName)));
  ec2.destroy();
  return {
    region,
    clusterName,
    vpcId,
    publicSubnetIds: open.ids,
    privateSubnetIds: inner.ids,
    internetGatewayId,
    nodeSecurityGroupId,
    nodes,
  };
}
