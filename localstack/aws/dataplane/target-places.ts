import type { Target, TargetGroup } from '../elbv2/state.ts';
import type { World } from '../world.ts';
import { type AddressMapping, mapAddress, privateAddress } from './target-address.ts';

export interface TargetPlace {
  /** Where the target is really reached. */
  readonly address: string;
  /** As the API has it: what security groups judge. */
  readonly port: number;
  /** With the offset of load balancers' sockets, where the target is one. */
  readonly socketPort: number;
  /** `ADDRESS:PORT` as the VPC knows it. */
  readonly host: string;
}

/** Where the targets of groups are really reached. */
export class TargetPlaces {
  readonly mappings: readonly AddressMapping[];
  readonly #portOffset: number;
  readonly #loadBalancerAddress: (arn: string) => string | undefined;

  constructor(
    mappings: readonly AddressMapping[],
    portOffset: number,
    loadBalancerAddress: (arn: string) => string | undefined,
  ) {
    this.mappings = mappings;
    this.#portOffset = portOffset;
    this.#loadBalancerAddress = loadBalancerAddress;
  }

  /** Undefined where nobody has the target's address. */
  of(world: World, group: TargetGroup, target: Target, port: number): TargetPlace | undefined {
    if (group.targetType === 'alb') {
      const address = this.#loadBalancerAddress(target.id);
      return address === undefined
        ? undefined
        : { address, port, socketPort: port + this.#portOffset, host: `${address}:${port}` };
    }
    const own = privateAddress(world, group, target);
    return own === undefined
      ? undefined
      : { address: mapAddress(this.mappings, own), port, socketPort: port, host: `${own}:${port}` };
  }
}
