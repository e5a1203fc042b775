// All problems of addresses and infrastructure, as data. The code that finds a problem says what and where; words.ts writes the message.
import type { ObjectKey } from '../kube/object.ts';
import type { Objection } from './objection.ts';
import type { Wish } from './wish.ts';

export interface AddressMalformed {
  readonly kind: 'address-malformed';
  readonly field: string;
  readonly value: string;
}

/** The class does not let its Gateways choose this pool. */
export interface PoolNotAllowed {
  readonly kind: 'pool-not-allowed';
  readonly field: string;
  readonly pool: string;
  readonly allowed: readonly string[];
}

/** The load balancer controller does not give the Gateway what it asks for. */
export interface AddressRefused extends Wish {
  readonly kind: 'address-refused';
  /** Why, by MetalLB's rules. Absent if we don't know. */
  readonly why?: Objection;
  /** The controller's own words, from an Event. Absent if there is none now: Events expire. */
  readonly said?: string;
  /** Whether MetalLB's kinds are installed. */
  readonly metallb: boolean;
}

/** The load balancer controller has not answered yet. */
export interface AddressPending extends Wish {
  readonly kind: 'address-pending';
}

/** No load balancer controller has answered in a long time. */
export interface ServiceUnclaimed extends Wish {
  readonly kind: 'service-unclaimed';
  readonly service: ObjectKey;
  readonly loadBalancerClass?: string;
  /** Whether MetalLB's kinds are installed. */
  readonly metallb: boolean;
}

/** MetalLB does not accept its own configuration. */
export interface ConfigurationInvalid {
  readonly kind: 'configuration-invalid';
  /** A part of MetalLB: `controller`, or `speaker` and the node. */
  readonly part: string;
  readonly detail: string;
  /** Whether an address is missing, perhaps because of this. */
  readonly isFelt: boolean;
}

/** A change would take the address from the Service, so the Service stays as it is. */
export interface ChangeHeld {
  readonly kind: 'change-held';
  readonly service: ObjectKey;
  readonly why: Objection;
}

/** The class of a Service with an address never changes. */
export interface ClassKept {
  readonly kind: 'class-kept';
  readonly service: ObjectKey;
  readonly loadBalancerClass?: string;
  readonly wanted?: string;
}

/** Other controllers do what these keys say, or they are ours. They are left out. */
export interface InfrastructureReserved {
  readonly kind: 'infrastructure-reserved';
  /** `infrastructure.labels` or `infrastructure.annotations`. */
  readonly field: string;
  readonly keys: readonly string[];
}

export type MetallbProblem =
  | AddressMalformed
  | PoolNotAllowed
  | AddressRefused
  | AddressPending
  | ServiceUnclaimed
  | ConfigurationInvalid
  | ChangeHeld
  | ClassKept
  | InfrastructureReserved;
