// The network interfaces with targets' addresses, as EC2 describes them.
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  type Filter,
  type Instance,
  type InstanceNetworkInterface,
  type NetworkInterface,
} from '@aws-sdk/client-ec2';
import ipaddr from 'ipaddr.js';
import type { AwsClients } from '../clients.ts';
import { pages, securityGroups } from '../inventory/describe.ts';

/** A network interface of a node, or of a pod that has its own. */
export interface Interface {
  readonly id: string;
  /** Its security groups, by id. */
  readonly groups: readonly string[];
  /** The EC2 instance that it is attached to. A branch interface has none. */
  readonly instance?: string;
  /** Whether it is the instance's primary interface. */
  readonly primary: boolean;
  readonly addresses: readonly string[];
  /** The prefixes delegated to it. It has all addresses in these prefixes. */
  readonly prefixes: readonly string[];
}

/** How many values one filter accepts. */
const filterLimit = 200;
const maxResults = 1000;

/** EC2 delegates blocks of these sizes. docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html */
const prefixLengths = { ipv4: 28, ipv6: 80 } as const;

/** The prefix that would contain an address, as EC2 writes it. */
export function prefixOf(address: string): string {
  const length = prefixLengths[ipaddr.parse(address).kind()];
  const cidr = `${address}/${length}`;
  const network = address.includes(':')
    ? ipaddr.IPv6.networkAddressFromCIDR(cidr)
    : ipaddr.IPv4.networkAddressFromCIDR(cidr);
  return `${network.toString()}/${length}`;
}

/** The instances that EC2 knows. Looks up only the first ids, as many as one filter accepts. */
export const instancesOf = async (clients: AwsClients, ids: readonly string[]): Promise<readonly Instance[]> =>
  instancesBy(clients, 'instance-id', ids.slice(0, filterLimit));

/** All interfaces that are attached to these instances. @throws AwsError */
export const interfacesOfInstances = (clients: AwsClients, ids: readonly string[]): Promise<readonly Interface[]> =>
  ofInstances(clients, 'instance-id', ids);

/** The interfaces with one of these addresses, in one VPC: another VPC may use the same address. @throws AwsError */
export const interfacesOfAddresses = (
  clients: AwsClients,
  vpcId: string,
  addresses: readonly string[],
): Promise<readonly Interface[]> =>
  byFamily(addresses, (family, asked) =>
    interfacesBy(
      clients,
      family === 'ipv6' ? 'ipv6-addresses.ipv6-address' : 'addresses.private-ip-address',
      asked,
      inVpc(vpcId),
    ),
  );

/** The interfaces with one of these addresses in a prefix. Only instances can be filtered by prefix. @throws AwsError */
export const interfacesOfPrefixes = (
  clients: AwsClients,
  vpcId: string,
  addresses: readonly string[],
): Promise<readonly Interface[]> =>
  byFamily(addresses, (family, asked) => {
    const prefixes = [...new Set(asked.map(prefixOf))];
    return ofInstances(clients, `network-interface.${family}-prefixes.${family}-prefix`, prefixes, inVpc(vpcId));
  });

/** The interfaces among these that still exist. @throws AwsError */
export const interfacesById = (clients: AwsClients, ids: readonly string[]): Promise<readonly Interface[]> =>
  interfacesBy(clients, 'network-interface-id', ids);

/** The security groups that are tagged for the cluster. @throws AwsError */
export async function clusterGroups(clients: AwsClients, clusterName: string): Promise<ReadonlySet<string>> {
  const groups = await securityGroups(clients, [{ Name: 'tag-key', Values: [clusterTag(clusterName)] }]);
  return new Set(groups.flatMap(({ GroupId }) => GroupId ?? []));
}

/** The key of a security group's tag. If an interface has several groups, the tagged group is for load balancers. */
export const clusterTag = (clusterName: string): string => `kubernetes.io/cluster/${clusterName}`;

const inVpc = (vpcId: string): Filter => ({ Name: 'vpc-id', Values: [vpcId] });

type Family = keyof typeof prefixLengths;

async function byFamily(
  addresses: readonly string[],
  read: (family: Family, asked: readonly string[]) => Promise<readonly Interface[]>,
): Promise<readonly Interface[]> {
  const families = Map.groupBy(addresses, (address): Family => (address.includes(':') ? 'ipv6' : 'ipv4'));
  return (await Promise.all([...families].map(([family, asked]) => read(family, asked)))).flat();
}

async function ofInstances(
  clients: AwsClients,
  filter: string,
  values: readonly string[],
  ...more: readonly Filter[]
): Promise<readonly Interface[]> {
  const instances = await instancesBy(clients, filter, values, ...more);
  return instances.flatMap(({ InstanceId, NetworkInterfaces = [] }) =>
    NetworkInterfaces.flatMap((nic) => described(nic, InstanceId)),
  );
}

/** Uses a filter, which leaves out deleted ones. AWS would refuse a whole list of ids if one of them was deleted. */
function instancesBy(
  { ec2 }: AwsClients,
  Name: string,
  values: readonly string[],
  ...more: readonly Filter[]
): Promise<readonly Instance[]> {
  return inParts(values, async (Values) => {
    const Filters = [{ Name, Values }, ...more];
    const reservations = await pages(async (NextToken) => {
      const page = await ec2.send(new DescribeInstancesCommand({ Filters, NextToken, MaxResults: maxResults }));
      return [page.Reservations, page.NextToken];
    });
    return reservations.flatMap(({ Instances = [] }) => Instances);
  });
}

function interfacesBy(
  { ec2 }: AwsClients,
  Name: string,
  values: readonly string[],
  ...more: readonly Filter[]
): Promise<readonly Interface[]> {
  return inParts(values, async (Values) => {
    const Filters = [{ Name, Values }, ...more];
    const found = await pages(async (NextToken) => {
      const page = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters, NextToken, MaxResults: maxResults }));
      return [page.NetworkInterfaces, page.NextToken];
    });
    return found.flatMap((nic) => described(nic, nic.Attachment?.InstanceId));
  });
}

async function inParts<T>(values: readonly string[], read: (part: string[]) => Promise<T[]>): Promise<readonly T[]> {
  const found: T[] = [];
  for (let start = 0; start < values.length; start += filterLimit) {
    found.push(...(await read(values.slice(start, start + filterLimit))));
  }
  return found;
}

function described(nic: InstanceNetworkInterface | NetworkInterface, instance: string | undefined): Interface[] {
  const { NetworkInterfaceId: id, Groups = [], Attachment, PrivateIpAddresses = [], Ipv6Addresses = [] } = nic;
  const { Ipv4Prefixes = [], Ipv6Prefixes = [] } = nic;
  if (id === undefined) return [];
  return [
    {
      id,
      groups: Groups.flatMap(({ GroupId }) => GroupId ?? []),
      ...(instance !== undefined && { instance }),
      primary: Attachment?.DeviceIndex === 0 && (Attachment.NetworkCardIndex ?? 0) === 0,
      addresses: [
        ...PrivateIpAddresses.flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
        ...Ipv6Addresses.flatMap(({ Ipv6Address }) => Ipv6Address ?? []),
      ],
      prefixes: [
        ...Ipv4Prefixes.flatMap(({ Ipv4Prefix }) => Ipv4Prefix ?? []),
        ...Ipv6Prefixes.flatMap(({ Ipv6Prefix }) => Ipv6Prefix ?? []),
      ],
    },
  ];
}
