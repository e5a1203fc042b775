// The messages of the delta protocol, as far as they matter.
import type { Resource, ResourceKind } from '../snapshot.ts';

/** A DeltaDiscoveryRequest. */
export interface Request {
  readonly kind: ResourceKind;
  /** `*` stands for all. */
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What Envoy has from an earlier stream, in its first request for the kind: version by name. */
  readonly initialVersions: Readonly<Record<string, string>>;
  /** The response that this request acknowledges or rejects. Empty if it does neither. */
  readonly nonce: string;
  /** Envoy's words, if it rejects the response. */
  readonly error: string | undefined;
}

/** A DeltaDiscoveryResponse. It has resources, or removed names, or neither. */
export interface Response {
  readonly kind: ResourceKind;
  readonly nonce: string;
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
}

export interface Rejection {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly version: string;
  /** Envoy's words. */
  readonly message: string;
}
