import type { Network, Subnet } from '../network/network.ts';
import type { AwsTopology } from '../translation.ts';
import { whereabouts } from './addresses.ts';

const subnets = ['a', 'b', 'c'].flatMap((zone, index): Subnet[] => [
  {
    id: `subnet-0000000000000010${index}`,
    availabilityZone: `us-east-1${zone}`,
    zoneType: 'availability-zone',
    tags: { 'kubernetes.io/role/elb': '1' },
    public: true,
    availableIpAddresses: 4000,
    ipv6: true,
    cidrBlocks: [`10.0.${16 * index}.0/20`],
  },
  {
    id: `subnet-0000000000000020${index}`,
    availabilityZone: `us-east-1${zone}`,
    zoneType: 'availability-zone',
    tags: { 'kubernetes.io/role/internal-elb': '1' },
    public: false,
    availableIpAddresses: 4000,
    ipv6: true,
    cidrBlocks: [`10.0.${48 + 16 * index}.0/20`],
  },
]);

/** An invented network of three zones, for a plan without a cloud. */
export const PLACEHOLDER_NETWORK: Network = {
  region: 'us-east-1',
  vpcId: 'vpc-00000000000000001',
  subnets,
  backendSecurityGroupId: 'sg-00000000000000001',
};

/**
 * The same network with the subnets of a configuration, each in its own zone. For an ALB a single subnet is valid only in a Local
 * Zone or on an Outpost, so it is in a Local Zone. Requested addresses can be used: a private one has a subnet, and a public one is
 * an Elastic IP.
 */
export function placeholderNetwork({
  settings: { subnets: configured = [], subnetMappings = [] },
  planes,
  addresses: requested = [],
}: Pick<AwsTopology, 'settings' | 'planes' | 'addresses'>): Network {
  const where = whereabouts(subnets.flatMap(({ cidrBlocks }) => cidrBlocks));
  const addresses = requested.map(({ value }) => value);
  const { outside = [], public: elastic = [] } = Object.groupBy(addresses, (address) => where(address));
  const named = [...new Set([...configured, ...subnetMappings.map(({ subnet }) => subnet)])];
  const ids = named.length > 0 ? named : outside.map((address) => `subnet-${address}`);
  const isLocal = ids.length === 1 && requested.length === 0 && !planes.includes('nlb');
  const own = ids.map(
    (id, index): Subnet => ({
      id,
      availabilityZone: `us-east-1-${index}`,
      zoneType: isLocal ? 'local-zone' : 'availability-zone',
      tags: {},
      public: true,
      availableIpAddresses: 4000,
      ipv6: true,
      cidrBlocks: outside.slice(index, index + 1).map((address) => `${address}/32`),
    }),
  );
  return {
    ...PLACEHOLDER_NETWORK,
    subnets: [...subnets, ...own],
    ...(elastic.length > 0 && {
      addresses: new Map(elastic.map((address) => [address, { allocation: `eipalloc-${address}` }])),
    }),
  };
}
