import type { Family } from '../../ec2/family.ts';
import type { Listener, LoadBalancer } from '../../elbv2/state.ts';
import type { World } from '../../world.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** The place where a connection or UDP flow arrived. */
export interface Arrival {
  readonly world: World;
  readonly loadBalancer: LoadBalancer;
  readonly listener: Listener;
  /** The Availability Zone of the called address, and that address with the socket's port. */
  readonly zone: string;
  readonly own: Endpoint;
  /** The load balancer's address in that zone: a target of the other family sees it. */
  readonly addressOf: (family: Family) => string | undefined;
  /** The client's real address. */
  readonly client: Endpoint;
  readonly protocol: 'tcp' | 'udp';
}
