// A provider's own words, where the status says more than findings do.

export interface ProviderWords {
  /** What answers requests, with its article: `an Application Load Balancer`. */
  readonly plane: string;
  /** What listeners may ask for. */
  readonly protocols: readonly string[];
  readonly routeKinds: readonly string[];
  readonly tlsModes: readonly string[];
  /** What keys of certificates may be: `RSA of 2048 bits`. */
  readonly certificateKeys: string;
  /** The option of a listener's `tls` that stands for certificateRefs, where there is one. */
  readonly certificateOption?: string;
  /** What a parametersRef may name. */
  readonly parametersKind: string;
  /** A sentence: who chooses addresses. */
  readonly addresses: string;
  /** A sentence: what becomes of a route that can't be read. */
  readonly routeUnread: string;
  /** A sentence: what exists is not known now. */
  readonly standingUnread: string;
  /** A sentence: nothing is missing. */
  readonly upToDate: string;
  /** A sentence: what a Gateway that is being deleted waits for. */
  readonly removing: string;
  /** A sentence: the listeners exist, and no client gets to them. @param listeners `it`, or names */
  readonly shut: (listeners: string) => string;
  /** A sentence: requests get to all backends. */
  readonly targetsReached: string;
}
