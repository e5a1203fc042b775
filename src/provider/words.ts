// The provider's parts of messages, beside those of its findings.

export interface ProviderWords {
  /** The name of the data plane with its article: `an Application Load Balancer`. */
  readonly plane: string;
  /** The supported protocols of listeners. */
  readonly protocols: readonly string[];
  /** The supported keys of certificates: `RSA of 2048 bits`. */
  readonly certificateKeys: string;
  /** The key in a listener's `tls.options` that names certificates of the provider. Absent if there is none. */
  readonly certificateOption?: string;
  /** The kind that a parametersRef may name. */
  readonly parametersKind: string;
  /** A sentence: which addresses a Gateway may request. */
  readonly addresses: string;
  /** A sentence: what happens to a route that cannot be read. */
  readonly routeUnread: string;
  /** A sentence: it is not known now what exists. */
  readonly standingUnread: string;
  /** A sentence: nothing is missing. */
  readonly upToDate: string;
  /** A sentence: what the deletion of a Gateway waits for. */
  readonly removing: string;
  /** A sentence: the listeners exist, but no client can reach them. @param listeners `it`, or names */
  readonly shut: (listeners: string) => string;
  /** A sentence: requests reach all backends. */
  readonly targetsReached: string;
}
