// Discovers the network of the load balancers: the VPC's subnets.

import {
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  type Filter,
  type RouteTable,
  type Subnet as SdkSubnet,
} from '@aws-sdk/client-ec2';
import type { AwsClients } from '../clients.ts';
import { pages } from '../inventory/describe.ts';
import { fromTagList } from '../tags.ts';
import { instancesOf } from './interfaces.ts';
import type { Network, Subnet, ZoneType } from './network.ts';

export interface NetworkPlace {
  readonly region: string;
  readonly vpcId: string;
  readonly backendSecurityGroupId: string;
}

/** Makes two reads. The network seldom changes, so callers keep the result for a while. */
export async function discoverNetwork(clients: AwsClients, place: NetworkPlace): Promise<Network> {
  const inVpc = [{ Name: 'vpc-id', Values: [place.vpcId] }];
  const [subnets, tables] = await Promise.all([subnetsOf(clients, inVpc), routeTablesOf(clients, inVpc)]);
  return { ...place, subnets: subnets.flatMap((subnet) => describeSubnet(subnet, tables)) };
}

/** The VPC of the first instance that EC2 knows, among the instances that fit in one call. Undefined if EC2 knows none. */
export async function vpcOfInstances(clients: AwsClients, instanceIds: readonly string[]): Promise<string | undefined> {
  if (instanceIds.length === 0) return undefined;
  const found = new Map((await instancesOf(clients, instanceIds)).map(({ InstanceId, VpcId }) => [InstanceId, VpcId]));
  return instanceIds.map((id) => found.get(id)).find((vpcId) => vpcId !== undefined);
}

const subnetsOf = ({ ec2 }: AwsClients, Filters: Filter[]): Promise<SdkSubnet[]> =>
  pages(async (NextToken) => {
    const page = await ec2.send(new DescribeSubnetsCommand({ Filters, NextToken }));
    return [page.Subnets, page.NextToken];
  });

const routeTablesOf = ({ ec2 }: AwsClients, Filters: Filter[]): Promise<RouteTable[]> =>
  pages(async (NextToken) => {
    const page = await ec2.send(new DescribeRouteTablesCommand({ Filters, NextToken }));
    return [page.RouteTables, page.NextToken];
  });

function describeSubnet(subnet: SdkSubnet, tables: readonly RouteTable[]): Subnet[] {
  const { SubnetId: id, AvailabilityZone: availabilityZone } = subnet;
  if (id === undefined || availabilityZone === undefined) return [];
  const ipv6 = (subnet.Ipv6CidrBlockAssociationSet ?? []).filter(
    ({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State === 'associated',
  );
  return [
    {
      id,
      availabilityZone,
      zoneType: subnet.OutpostArn === undefined ? zoneTypeOf(availabilityZone) : 'outpost',
      tags: fromTagList(subnet.Tags),
      public: isPublic(tableOf(id, tables)),
      availableIpAddresses: subnet.AvailableIpAddressCount ?? 0,
      ipv6: ipv6.length > 0,
      cidrBlocks: [subnet.CidrBlock, ...ipv6.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock)].flatMap((cidr) => cidr ?? []),
    },
  ];
}

/**
 * The type follows from the zone's name, without a call: `us-east-1a`, `us-east-1-bos-1a`, `us-east-1-wl1-bos-wlz-1`.
 * docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AvailabilityZone.html
 */
export function zoneTypeOf(zone: string): ZoneType {
  if (/^[a-z]+(-[a-z]+)+-\d+[a-z]$/.test(zone)) return 'availability-zone';
  return zone.includes('-wlz-') ? 'wavelength-zone' : 'local-zone';
}

/** A subnet without a table of its own uses the VPC's main one. */
const tableOf = (subnetId: string, tables: readonly RouteTable[]): RouteTable | undefined =>
  tables.find(({ Associations = [] }) => Associations.some(({ SubnetId }) => SubnetId === subnetId)) ??
  tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main === true));

const isPublic = (table: RouteTable | undefined): boolean =>
  (table?.Routes ?? []).some(({ GatewayId, State }) => GatewayId?.startsWith('igw-') === true && State !== 'blackhole');
