// The network of the load balancers, as data. It is discovered before model, which chooses from it.

export interface Network {
  readonly region: string;
  readonly vpcId: string;
  /** All subnets of the VPC. */
  readonly subnets: readonly Subnet[];
  /** The security group that every load balancer of the cluster has, and that nodes and pods admit. */
  readonly backendSecurityGroupId: string;
  /** The addresses that the Gateway requests, if EC2 knows them. What its own NLB has already counts as free. */
  readonly addresses?: ReadonlyMap<string, AddressFact>;
}

/** What EC2 knows of an address. */
export interface AddressFact {
  /** Of an Elastic IP of this account. */
  readonly allocation?: string;
  /** Of an Elastic IP that the Gateway's own NLB does not have yet. */
  readonly borderGroup?: string;
  /** The instance or network interface that has the address. */
  readonly usedBy?: string;
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
