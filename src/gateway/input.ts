// Everything that concerns one Gateway, as plain frozen data. Gather returns it, and translate reads it.

import type { EndpointSlice, Namespace, Secret, Service } from '../api/core.ts';
import type { BackendTlsPolicy, Gateway, GatewayClass, ListenerSet, ReferenceGrant } from '../api/gateway-api.ts';
import type { ConfigMap } from '../api/kinds.ts';
import type { LoadBalancerConfiguration } from '../api/load-balancer-configuration.ts';
import type { ProxyConfiguration } from '../api/proxy-configuration.ts';
import type { ServedRoute } from '../api/route-kinds.ts';
import type { ObjectKey } from '../kube/object.ts';

/** Who may use a certificate of the provider. */
export type CertificateOwner =
  /** We imported it from this Secret. Who may refer to the Secret may use it. */
  | { readonly kind: 'secret'; readonly secret: ObjectKey }
  /** Gatehouse of another cluster imported it, so nobody here may use it. */
  | { readonly kind: 'another-cluster' }
  /** Gatehouse did not import it, so everyone may use it. */
  | { readonly kind: 'anyone' }
  /** The certificate does not exist. */
  | { readonly kind: 'absent' }
  /** The provider has not answered. If the certificate is served already, it stays. */
  | { readonly kind: 'unknown'; readonly detail: string; readonly isServed: boolean };

export interface GatewayInput {
  readonly gateway: Gateway;
  readonly gatewayClass: GatewayClass;
  /** Our controllerName. Entries of `status.parents` with this name are ours. */
  readonly controllerName: string;
  /** The existing LoadBalancerConfigurations of the class's and the Gateway's parametersRef, by `namespace/name`. */
  readonly configurations: ReadonlyMap<ObjectKey, LoadBalancerConfiguration>;
  /** The existing ProxyConfigurations likewise. */
  readonly proxyConfigurations: ReadonlyMap<ObjectKey, ProxyConfiguration>;
  /** Every ListenerSet whose parent is this Gateway. */
  readonly listenerSets: readonly ListenerSet[];
  /** Every route with a parentRef to this Gateway, or to one of those ListenerSets. */
  readonly routes: readonly ServedRoute[];
  /** The namespaces of these ListenerSets and routes, by name, with their labels. */
  readonly namespaces: ReadonlyMap<string, Namespace>;
  /** Every ReferenceGrant in a namespace that this Gateway's objects refer to. */
  readonly grants: readonly ReferenceGrant[];
  /** The existing Services that the routes refer to. */
  readonly services: ReadonlyMap<ObjectKey, Service>;
  /** Their EndpointSlices, by Service. */
  readonly endpointSlices: ReadonlyMap<ObjectKey, readonly EndpointSlice[]>;
  /** The existing TLS Secrets that the listeners refer to. */
  readonly secrets: ReadonlyMap<ObjectKey, Secret>;
  /** Every BackendTLSPolicy for one of these Services. */
  readonly backendTlsPolicies: readonly BackendTlsPolicy[];
  /** The existing ConfigMaps with the CA certificates that these and the Gateway refer to. None if the provider needs none. */
  readonly configMaps: ReadonlyMap<ObjectKey, ConfigMap>;
  /** Whether missing Secrets are assumed to exist, because the user may not read them. */
  readonly assumeSecrets?: boolean;
  /** The provider's names of the certificates last imported from these Secrets. They stay in use while a Secret is unusable. */
  readonly imported: ReadonlyMap<ObjectKey, string>;
  /** The key in a listener's `tls.options` that names certificates of the provider. Absent if there is none. */
  readonly certificateOption?: string;
  /** The owners of certificates that listeners name in the provider's terms. */
  readonly certificateOwners: ReadonlyMap<string, CertificateOwner>;
  /** The current time in milliseconds since the epoch, because certificates expire. */
  readonly now: number;
}
