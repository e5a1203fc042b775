// What there is around the load balancers: the VPC's subnets, and the security groups of nodes and pods.

import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  type Filter,
  type GroupIdentifier,
  type Instance,
  type NetworkInterface,
  type RouteTable,
  type Subnet as SdkSubnet,
} from '@aws-sdk/client-ec2';
import type { AwsClients } from './clients.ts';
import { pages, securityGroups } from './inventory/describe.ts';
import type { Network, Subnet, ZoneType } from './network.ts';
import { fromTagList } from './tags.ts';

export interface NetworkPlace {
  readonly region: string;
  readonly vpcId: string;
  readonly backendSecurityGroupId: string;
}

/** Two reads, for what seldom changes: whoever calls keeps it for a while. */
export async function discoverNetwork(clients: AwsClients, place: NetworkPlace): Promise<Network> {
  const inVpc = [{ Name: 'vpc-id', Values: [place.vpcId] }];
  const [subnets, tables] = await Promise.all([subnetsOf(clients, inVpc), routeTablesOf(clients, inVpc)]);
  return { ...place, subnets: subnets.flatMap((subnet) => describeSubnet(subnet, tables)) };
}

/** That of the first instance that EC2 knows, of as many as one call takes; undefined where it knows none. */
export async function vpcOfInstances(clients: AwsClients, instanceIds: readonly string[]): Promise<string | undefined> {
  const asked = instanceIds.slice(0, filterLimit);
  if (asked.length === 0) return undefined;
  const found = new Map((await instancesOf(clients, asked)).map(({ InstanceId, VpcId }) => [InstanceId, VpcId]));
  return asked.map((id) => found.get(id)).find((vpcId) => vpcId !== undefined);
}

/**
 * The security group of each node, by instance id, that load balancers are to be admitted to. EC2 does not say which of
 * several is meant: the one that is tagged for the cluster, else the first of the primary network interface.
 */
export async function nodeSecurityGroups(
  clients: AwsClients,
  instanceIds: readonly string[],
  clusterName: string,
): Promise<ReadonlyMap<string, string>> {
  const [instances, tagged] = await Promise.all([
    instancesOf(clients, instanceIds),
    clusterGroups(clients, clusterName),
  ]);
  return new Map(
    instances.flatMap(({ InstanceId, NetworkInterfaces = [], SecurityGroups }) => {
      const primary = NetworkInterfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0);
      const group = chosen(primary?.Groups ?? SecurityGroups, tagged);
      return InstanceId === undefined || group === undefined ? [] : [[InstanceId, group] as const];
    }),
  );
}

/** The same for pods that are on no known node, by IP address: that of the network interface that has the address. */
export async function groupsOfAddresses(
  clients: AwsClients,
  addresses: readonly string[],
  clusterName: string,
): Promise<ReadonlyMap<string, string>> {
  const v6 = addresses.filter((address) => address.includes(':'));
  const v4 = addresses.filter((address) => !address.includes(':'));
  const [interfaces, tagged] = await Promise.all([
    Promise.all([
      interfacesBy(clients, 'addresses.private-ip-address', v4),
      interfacesBy(clients, 'ipv6-addresses.ipv6-address', v6),
    ]),
    clusterGroups(clients, clusterName),
  ]);
  const asked = new Set(addresses);
  return new Map(
    interfaces.flat().flatMap((nic) => {
      const group = chosen(nic.Groups, tagged);
      if (group === undefined) return [];
      return addressesOf(nic)
        .filter((address) => asked.has(address))
        .map((address) => [address, group] as const);
    }),
  );
}

const chosen = (groups: readonly GroupIdentifier[] = [], tagged: ReadonlySet<string>): string | undefined => {
  const ids = groups.flatMap(({ GroupId }) => GroupId ?? []);
  return ids.find((id) => tagged.has(id)) ?? ids[0];
};

const addressesOf = ({ PrivateIpAddresses = [], Ipv6Addresses = [] }: NetworkInterface): readonly string[] => [
  ...PrivateIpAddresses.flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
  ...Ipv6Addresses.flatMap(({ Ipv6Address }) => Ipv6Address ?? []),
];

async function clusterGroups(clients: AwsClients, clusterName: string): Promise<ReadonlySet<string>> {
  const groups = await securityGroups(clients, [{ Name: 'tag-key', Values: [`kubernetes.io/cluster/${clusterName}`] }]);
  return new Set(groups.flatMap(({ GroupId }) => GroupId ?? []));
}

/** What a filter takes at most. */
const filterLimit = 200;

/** By filter, which leaves out what is gone; a list of ids would be refused for one of them. */
async function instancesOf({ ec2 }: AwsClients, instanceIds: readonly string[]): Promise<Instance[]> {
  const found: Instance[] = [];
  for (let start = 0; start < instanceIds.length; start += filterLimit) {
    const Filters = [{ Name: 'instance-id', Values: instanceIds.slice(start, start + filterLimit) }];
    const reservations = await pages(async (NextToken) => {
      const page = await ec2.send(new DescribeInstancesCommand({ Filters, NextToken }));
      return [page.Reservations, page.NextToken];
    });
    found.push(...reservations.flatMap(({ Instances = [] }) => Instances));
  }
  return found;
}

async function interfacesBy({ ec2 }: AwsClients, Name: string, values: readonly string[]): Promise<NetworkInterface[]> {
  const found: NetworkInterface[] = [];
  for (let start = 0; start < values.length; start += filterLimit) {
    const Filters = [{ Name, Values: values.slice(start, start + filterLimit) }];
    found.push(
      ...(await pages(async (NextToken) => {
        const page = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters, NextToken }));
        return [page.NetworkInterfaces, page.NextToken] as const;
      })),
    );
  }
  return found;
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
  const ipv6 = (subnet.Ipv6CidrBlockAssociationSet ?? []).some(
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
      ipv6,
    },
  ];
}

/**
 * By its name, which says it without a call: `us-east-1a`, `us-east-1-bos-1a`, `us-east-1-wl1-bos-wlz-1`.
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
