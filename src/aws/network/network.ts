// The network of the load balancers, as data. It is discovered before model, which chooses from it.

export interface Network {
  readonly region: string;
  readonly vpcId: string;
  /** All subnets of the VPC. */
  readonly subnets: readonly Subnet[];
  /** The security group that every load balancer of the cluster has, and that nodes and pods admit. */
  readonly backendSecurityGroupId: string;
}

/** AWS's names, except `outpost`. A subnet on an Outpost has that type in any zone. */
export type ZoneType = 'availability-zone' | 'local-zone' | 'wavelength-zone' | 'outpost';

export interface Subnet {
  readonly id: string;
  readonly availabilityZone: string;
  readonly zoneType: ZoneType;
  readonly tags: Readonly<Record<string, string>>;
  /** Whether its route table has a route to an internet gateway. */
  readonly public: boolean;
  readonly availableIpAddresses: number;
  readonly ipv6: boolean;
  /** Its address ranges, IPv4 and IPv6. */
  readonly cidrBlocks: readonly string[];
}
