/** How the data plane runs: without it, load balancers are only described. */
export interface DataPlaneOptions {
  /** The IPv4 block for the addresses of load balancers. On Linux a block in 127.0.0.0/8 needs no root. */
  readonly addresses: string;
  /** The IPv6 block for the addresses of dualstack load balancers; without it they have only IPv4 addresses here. */
  readonly addresses6?: string | undefined;
  /** Added to every listener's port, for users who may not bind ports below 1024; default: 0. */
  readonly portOffset?: number | undefined;
  /**
   * `FROM=TO`, two IPv4 or two IPv6 blocks of one size: targets with an address in FROM are
   * reached at the same place in TO. So are Network Load Balancers whose address was chosen, such as an Elastic IP.
   */
  readonly mapTargets?: readonly string[] | undefined;
}
