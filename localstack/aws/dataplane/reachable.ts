/** The addresses of a load balancer. */
export interface Reachable {
  readonly arn: string;
  readonly name: string;
  readonly dnsName: string;
  /** For a Network Load Balancer the address of its first zone. */
  readonly address: string;
  /** Only if it is dualstack. */
  readonly address6?: string | undefined;
  /** Only for a Network Load Balancer: one address per zone. */
  readonly zones?: readonly ReachableZone[];
  readonly listeners: readonly ReachableListener[];
}

interface ReachableZone {
  readonly zone: string;
  readonly address: string;
  readonly address6?: string | undefined;
  /** Whether its targets are healthy enough for the address to be in DNS. */
  readonly healthy: boolean;
}

interface ReachableListener {
  readonly arn: string;
  readonly protocol: string;
  /** The port in the API. */
  readonly port: number;
  /** The real port, with the offset. */
  readonly socketPort: number;
  /** Why it does not listen. */
  readonly error?: string | undefined;
  /** What targets see if AWS would preserve the client's address, but we can't. */
  readonly clientAddress?: string | undefined;
}
