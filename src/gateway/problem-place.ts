// Where a problem is: which object, and which field of it.
import type { ParentReference } from '../api/gateway-api.ts';
import type { RouteKind } from '../api/route-kinds.ts';
import type { ObjectKey } from '../kube/object.ts';

/** A route as problems name it: its kind and `namespace/name`. */
export interface RouteRef {
  readonly kind: RouteKind;
  readonly key: ObjectKey;
}

/** A rule of a route, by its index. */
export interface RuleRef {
  readonly route: RouteRef;
  readonly rule: number;
}

/** A place in a route's rule: `field` is a path below `spec.rules[rule]`, such as `backendRefs[1].port`. */
export interface RulePlace extends RuleRef {
  readonly field: string;
}

/** One parentRef of a route. */
export interface ParentPlace {
  readonly route: RouteRef;
  readonly parentRef: ParentReference;
}

/** A place in a listener: `field` is a path below the listener, such as `tls.certificateRefs[0]`. */
export interface ListenerPlace {
  /** The listener's name, or `namespace/set/name` for a listener of a ListenerSet. */
  readonly listener: string;
  readonly field: string;
}

/** A reference to a Secret in a listener. */
export interface SecretPlace extends ListenerPlace {
  readonly secret: ObjectKey;
  /** The certificate that was imported from it earlier still serves. */
  readonly stillServed?: true;
}

/** The other listeners that a problem is about. */
export interface Others {
  /** The first ones, by name. */
  readonly others: readonly string[];
  /** How many more there are. Absent if there are no more. */
  readonly more?: number;
}
