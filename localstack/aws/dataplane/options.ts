/** How the data plane runs: without it, load balancers are only described. */
export interface DataPlaneOptions {
  /** The IPv4 block out of which each active load balancer gets an address; one of 127.0.0.0/8 needs no root on Linux. */
  readonly addresses: string;
  /** Added to every listener's port, for who may not bind ports below 1024; 0 unless told. */
  readonly portOffset?: number | undefined;
  /** `FROM=TO`, two IPv4 blocks of one size: targets with an address in FROM are reached at the same place in TO. */
  readonly mapTargets?: readonly string[] | undefined;
}
