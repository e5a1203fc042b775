import type { Listener, LoadBalancer } from '../../elbv2/state.ts';
import type { World } from '../../world.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where a connection, or a flow of UDP, has come in. */
export interface Arrival {
  readonly world: World;
  readonly loadBalancer: LoadBalancer;
  readonly listener: Listener;
  /** The Availability Zone whose address the client came to, and that address with the socket's port. */
  readonly zone: string;
  readonly own: Endpoint;
  /** As it really is. */
  readonly client: Endpoint;
  readonly protocol: 'tcp' | 'udp';
}
