// A VPC as after the installation of a cluster: three zones, public and private subnets with IPv6 and the tags for
// controllers, an internet gateway, and the nodes with their security group.
import { availabilityZones } from './ec2/availability-zones.ts';
import { runInstances } from './ec2/instances.ts';
import { attachInternetGateway, createInternetGateway } from './ec2/internet-gateways.ts';
import { associateRouteTable, createRoute, createRouteTable } from './ec2/route-tables.ts';
import { authorizeRules } from './ec2/security-group-rules.ts';
import { createSecurityGroup } from './ec2/security-groups.ts';
import type { Vpc } from './ec2/state.ts';
import { createSubnet } from './ec2/subnets.ts';
import { createVpc } from './ec2/vpcs.ts';
import type { World } from './world.ts';

interface SeedNode {
  readonly instanceId: string;
  readonly zone: string;
  readonly privateIp: string;
}

/** The ids of the demo VPC. */
export interface Seed {
  readonly region: string;
  readonly clusterName: string;
  readonly vpcId: string;
  readonly publicSubnetIds: readonly string[];
  readonly privateSubnetIds: readonly string[];
  readonly internetGatewayId: string;
  readonly nodeSecurityGroupId: string;
  readonly nodes: readonly SeedNode[];
}

const zoneCount = 3;

interface SubnetPlan {
  readonly vpc: Vpc;
  /** The first block's third byte, 10.0.FIRST.0/20; in hexadecimal, also that of the /64 blocks. */
  readonly first: number;
  readonly name: string;
  readonly roleTag: string;
}

/** One subnet per zone, with one route table. */
function createSubnets(world: World, { vpc, first, name, roleTag }: SubnetPlan) {
  const { seedClusterName } = world.options;
  const table = createRouteTable(world, vpc.id, new Map([['Name', `${seedClusterName}-${name}`]]));
  const zones = availabilityZones(world.region).slice(0, zoneCount);
  const subnetIds = zones.map((zone, index) => {
    const block = first + 16 * index;
    const subnet = createSubnet(world, {
      vpcId: vpc.id,
      cidrBlock: `10.0.${block}.0/20`,
      // A /64 of the VPC's /56. The last byte of the /56 is zero.
      ipv6CidrBlock: vpc.ipv6?.cidrBlock.replace(/00::\/56$/, `${block.toString(16).padStart(2, '0')}::/64`),
      availabilityZone: zone.name,
      tags: new Map([
        ['Name', `${seedClusterName}-${name}-${zone.name}`],
        [`kubernetes.io/cluster/${seedClusterName}`, 'shared'],
        [roleTag, '1'],
      ]),
    });
    associateRouteTable(world, table.id, subnet.id);
    return subnet.id;
  });
  return { tableId: table.id, subnetIds };
}

/** The nodes' security group, which lets them reach each other. */
function createNodeSecurityGroup(world: World, vpcId: string): string {
  const { seedClusterName } = world.options;
  const group = createSecurityGroup(world, {
    groupName: `${seedClusterName}-nodes`,
    description: 'Nodes of the cluster',
    vpcId,
    tags: new Map([[`kubernetes.io/cluster/${seedClusterName}`, 'owned']]),
  });
  const peer = { kind: 'group', groupId: group.id } as const;
  authorizeRules(world, group, 'ingress', [{ protocol: '-1', fromPort: -1, toPort: -1, peer }]);
  return group.id;
}

function startNode(world: World, index: number, subnetId: string, groupId: string): SeedNode {
  const { seedClusterName } = world.options;
  const [instance] = runInstances(world, {
    imageId: 'ami-0abcdef1234567890',
    instanceType: 'm6i.large',
    count: 1,
    networkInterface: { subnetId, securityGroupIds: [groupId], description: '' },
    tags: new Map([
      ['Name', `${seedClusterName}-node-${index + 1}`],
      [`kubernetes.io/cluster/${seedClusterName}`, 'owned'],
    ]),
  });
  const nic = world.ec2.networkInterfaces.get(instance?.networkInterfaceIds[0] ?? '');
  const privateIp = nic?.privateIpAddresses[0];
  if (!instance || privateIp === undefined) throw new Error('Expected a node to have an address');
  return { instanceId: instance.id, zone: instance.availabilityZone, privateIp };
}

/** Creates the demo VPC in an empty region. */
export function seed(world: World): Seed {
  const { seedClusterName: clusterName, seedNodes } = world.options;
  const vpc = createVpc(world, { cidrBlock: '10.0.0.0/16', ipv6: true, tags: new Map([['Name', clusterName]]) });
  const gateway = createInternetGateway(world, new Map([['Name', clusterName]]));
  attachInternetGateway(world, gateway.id, vpc.id);
  const open = createSubnets(world, { vpc, first: 0, name: 'public', roleTag: 'kubernetes.io/role/elb' });
  createRoute(world, open.tableId, '0.0.0.0/0', { kind: 'gateway', gatewayId: gateway.id });
  const inner = createSubnets(world, {
    vpc,
    first: 16 * zoneCount,
    name: 'private',
    roleTag: 'kubernetes.io/role/internal-elb',
  });
  const groupId = createNodeSecurityGroup(world, vpc.id);
  const nodes = Array.from({ length: seedNodes }, (_, index) => {
    const subnetId = inner.subnetIds[index % inner.subnetIds.length];
    if (subnetId === undefined) throw new Error('Expected the demo VPC to have subnets');
    return startNode(world, index, subnetId, groupId);
  });
  return {
    region: world.region,
    clusterName,
    vpcId: vpc.id,
    publicSubnetIds: open.subnetIds,
    privateSubnetIds: inner.subnetIds,
    internetGatewayId: gateway.id,
    nodeSecurityGroupId: groupId,
    nodes,
  };
}
