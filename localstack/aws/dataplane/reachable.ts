/** Where a load balancer is reached. */
export interface Reachable {
  readonly arn: string;
  readonly name: string;
  readonly dnsName: string;
  /** Of a Network Load Balancer its first zone's. */
  readonly address: string;
  /** Of a Network Load Balancer: an address a zone. */
  readonly zones?: readonly ReachableZone[];
  readonly listeners: readonly ReachableListener[];
}

interface ReachableZone {
  readonly zone: string;
  readonly address: string;
  /** Whether its targets are healthy enough for the address to be in DNS. */
  readonly healthy: boolean;
}

interface ReachableListener {
  readonly arn: string;
  readonly protocol: string;
  /** As the API has it. */
  readonly port: number;
  /** Where it really listens: with the offset. */
  readonly socketPort: number;
  /** Why it does not listen. */
  readonly error?: string | undefined;
  /** What targets see in place of a client's address that AWS would keep. */
  readonly clientAddress?: string | undefined;
}
