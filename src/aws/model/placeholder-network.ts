import type { Network, Subnet } from '../network/network.ts';
import type { AwsTopology } from '../translation.ts';

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
 * Zone or on an Outpost, so it is in a Local Zone.
 */
export function placeholderNetwork({
  settings: { subnets: configured = [], subnetMappings = [] },
  planes,
}: Pick<AwsTopology, 'settings' | 'planes'>): Network {
  const ids = [...new Set([...configured, ...subnetMappings.map(({ subnet }) => subnet)])];
  const zoneType = ids.length === 1 && !planes.includes('nlb') ? 'local-zone' : 'availability-zone';
  const own = ids.map(
    (id, index): Subnet => ({
      id,
      availabilityZone: `us-east-1-${index}`,
      zoneType,
      tags: {},
      public: true,
      availableIpAddresses: 4000,
      ipv6: true,
      cidrBlocks: [],
    }),
  );
  return { ...PLACEHOLDER_NETWORK, subnets: [...subnets, ...own] };
}
