import { hostPort } from '../ec2/family.ts';
import type { Target, TargetGroup } from '../elbv2/state.ts';
import type { World } from '../world.ts';
import { type AddressMapping, mapAddress, privateAddress } from './target-address.ts';

export interface TargetPlace {
  /** The target's real address. */
  readonly address: string;
  /** The port in the API, for security groups. */
  readonly port: number;
  /** The real port: with the offset if the target is a load balancer. */
  readonly socketPort: number;
  /** `ADDRESS:PORT` in the VPC. */
  readonly host: string;
}

/** Finds the real addresses of targets. */
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

  /** Undefined if nobody has the target's address. */
  of(world: World, group: TargetGroup, target: Target, port: number): TargetPlace | undefined {
    if (group.targetType === 'alb') {
      const address = this.#loadBalancerAddress(target.id);
      return address === undefined
        ? undefined
        : { address, port, socketPort: port + this.#portOffset, host: hostPort(address, port) };
    }
    const own = privateAddress(world, group, target);
    return own === undefined
      ? undefined
      : { address: mapAddress(this.mappings, own), port, socketPort: port, host: hostPort(own, port) };
  }
}
