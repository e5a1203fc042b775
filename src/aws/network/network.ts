// The network that load balancers stand in, as data: discovered before model, which chooses from it.

export interface Network {
  readonly region: string;
  readonly vpcId: string;
  /** All subnets of the VPC. */
  readonly subnets: readonly Subnet[];
  /** The group that every load balancer of the cluster carries, and that nodes and pods admit. */
  readonly backendSecurityGroupId: string;
}

/** AWS's own words for them, but for `outpost`: a subnet on an Outpost is of no other kind, whatever its zone. */
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
  /** What addresses are in it, IPv4 and IPv6. */
  readonly cidrBlocks: readonly string[];
}
