// All problems of addresses, as data. The code that finds a problem says what and where; words.ts writes the message.

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

export type MetallbProblem = AddressMalformed | PoolNotAllowed;
