// Everything that concerns one Gateway, out of the caches: what gather gives and translate takes. Plain frozen data.

import type { EndpointSlice, Namespace, Secret, Service } from '../api/core.ts';
import type { Gateway, GatewayClass, ListenerSet, ReferenceGrant } from '../api/gateway-api.ts';
import type { LoadBalancerConfiguration } from '../api/load-balancer-configuration.ts';
import type { ServedRoute } from '../api/route-kinds.ts';
import type { ObjectKey } from '../kube/object.ts';

/** Who may use a certificate that the provider has. */
export type CertificateOwner =
  /** Whoever may refer to the Secret that we imported it from. */
  | { readonly kind: 'secret'; readonly secret: ObjectKey }
  /** Nobody here: the Gatehouse of another cluster imported it. */
  | { readonly kind: 'another-cluster' }
  /** It is no Gatehouse's. */
  | { readonly kind: 'anyone' }
  /** There is no such certificate. */
  | { readonly kind: 'absent' }
  /** The provider has not said. One that is served goes on being served. */
  | { readonly kind: 'unknown'; readonly detail: string; readonly isServed: boolean };

export interface GatewayInput {
  readonly gateway: Gateway;
  readonly gatewayClass: GatewayClass;
  /** Our controllerName: whose `status.parents` entries are ours. */
  readonly controllerName: string;
  /** The LoadBalancerConfigurations that the class's and the Gateway's parametersRef name, as far as they exist, by `namespace/name`. */
  readonly configurations: ReadonlyMap<ObjectKey, LoadBalancerConfiguration>;
  /** Every ListenerSet whose parent is this Gateway. */
  readonly listenerSets: readonly ListenerSet[];
  /** Every route with a parentRef to this Gateway, or to one of those ListenerSets. */
  readonly routes: readonly ServedRoute[];
  /** The namespaces of those, by name, with their labels. */
  readonly namespaces: ReadonlyMap<string, Namespace>;
  /** Every ReferenceGrant in a namespace that something here refers to. */
  readonly grants: readonly ReferenceGrant[];
  /** The Services that the routes refer to, as far as they exist. */
  readonly services: ReadonlyMap<ObjectKey, Service>;
  /** Their EndpointSlices, by Service. */
  readonly endpointSlices: ReadonlyMap<ObjectKey, readonly EndpointSlice[]>;
  /** The TLS Secrets that the listeners refer to, as far as they exist. */
  readonly secrets: ReadonlyMap<ObjectKey, Secret>;
  /** Whether listeners are to be planned as if the Secrets that are not there were: for those who can't see them. */
  readonly assumeSecrets?: boolean;
  /** The provider's names of the certificates that were imported from those Secrets last: served on while a Secret is no good. */
  readonly imported: ReadonlyMap<ObjectKey, string>;
  /** Whose the certificates are that listeners name by the provider's names. */
  readonly certificateOwners: ReadonlyMap<string, CertificateOwner>;
  /** Now, in milliseconds since the epoch: certificates expire. */
  readonly now: number;
}
