// Collects everything that concerns one Gateway, from caches or from files.

import type { EndpointSlice, Namespace, Secret, Service } from '../api/core.ts';
import type { BackendTlsPolicy, Gateway, GatewayClass, ListenerSet, ReferenceGrant } from '../api/gateway-api.ts';
import type { ConfigMap } from '../api/kinds.ts';
import type { LoadBalancerConfiguration } from '../api/load-balancer-configuration.ts';
import type { ProxyConfiguration } from '../api/proxy-configuration.ts';
import type { ServedRoute } from '../api/route-kinds.ts';
import { type ObjectKey, objectKey, parseObjectKey } from '../kube/object.ts';
import type { CertificateOwner, GatewayInput } from './input.ts';
import {
  backendServices,
  certificateSecrets,
  classParametersKey,
  externalCertificates,
  frontendConfigMaps,
  gatewayParametersKey,
  namespaceOf,
  type ParametersKind,
  policyConfigMaps,
} from './references.ts';

/** Looks up objects. All objects that it returns are frozen. */
export interface Sources {
  gateway(key: ObjectKey): Gateway | undefined;
  gatewayClass(name: string): GatewayClass | undefined;
  configuration(key: ObjectKey): LoadBalancerConfiguration | undefined;
  proxyConfiguration(key: ObjectKey): ProxyConfiguration | undefined;
  /** The ListenerSets whose parent is the Gateway. */
  listenerSetsByParent(gateway: ObjectKey): readonly ListenerSet[];
  /** The routes that have a parentRef to the Gateway. */
  routesByParent(gateway: ObjectKey): readonly ServedRoute[];
  /** The routes that have a parentRef to the ListenerSet. */
  routesByListenerSet(set: ObjectKey): readonly ServedRoute[];
  namespace(name: string): Namespace | undefined;
  grantsIn(namespace: string): readonly ReferenceGrant[];
  service(key: ObjectKey): Service | undefined;
  endpointSlicesOf(service: ObjectKey): readonly EndpointSlice[];
  /** Only Secrets of type kubernetes.io/tls. */
  secret(key: ObjectKey): Secret | undefined;
  /** The BackendTLSPolicies for the Service. */
  policiesFor(service: ObjectKey): readonly BackendTlsPolicy[];
  /** Only ConfigMaps with CA certificates. None if the provider needs no such certificates. */
  configMap(key: ObjectKey): ConfigMap | undefined;
  /** The provider's name of the certificate that was last imported from a Secret, if it still exists. */
  imported(secret: ObjectKey): string | undefined;
  /** The key in a listener's `tls.options` that names certificates of the provider. Absent if there is none. */
  readonly certificateOption?: string;
  /** Who may use a certificate that a listener of the Gateway names in the provider's terms. */
  certificateOwner(reference: string, gateway: ObjectKey): CertificateOwner;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Undefined if the Gateway or its class does not exist. Callers check whether the class is ours. */
export function gather(gatewayKey: ObjectKey, sources: Sources): GatewayInput | undefined {
  const gateway = sources.gateway(gatewayKey);
  if (gateway === undefined) return undefined;
  const gatewayClass = sources.gatewayClass(gateway.spec.gatewayClassName);
  if (gatewayClass === undefined) return undefined;

  const parametersKeys = (kind: ParametersKind): readonly ObjectKey[] =>
    [classParametersKey(gatewayClass, kind), gatewayParametersKey(gateway, kind)].filter((key) => key !== undefined);
  const listenerSets = sources.listenerSetsByParent(gatewayKey);
  const routesOfSets = listenerSets.flatMap(({ metadata }) => sources.routesByListenerSet(objectKey(metadata)));
  const routes = [...new Set([...sources.routesByParent(gatewayKey), ...routesOfSets])];
  const serviceKeys = [...new Set(routes.flatMap(backendServices))];
  const secretKeys = [...new Set([gateway, ...listenerSets].flatMap(certificateSecrets))];
  const listeners = [gateway, ...listenerSets].flatMap(({ spec }) => spec.listeners);
  const { certificateOption } = sources;
  const external = listeners.flatMap((listener) => externalCertificates(listener, certificateOption));
  const certificateOwners = found([...new Set(external)], (reference) =>
    sources.certificateOwner(reference, gatewayKey),
  );
  const ownerKeys = [...certificateOwners.values()].flatMap((owner) => (owner.kind === 'secret' ? owner.secret : []));
  const services = found(serviceKeys, (key) => sources.service(key));
  const frontendKeys = frontendConfigMaps(gateway);
  const referents = [...serviceKeys, ...secretKeys, ...ownerKeys, ...frontendKeys];
  const backendTlsPolicies = [...new Set(serviceKeys.flatMap((key) => sources.policiesFor(key)))];
  const grantNamespaces = new Set(referents.map((key) => parseObjectKey(key).namespace ?? ''));

  return {
    gateway,
    gatewayClass,
    controllerName: gatewayClass.spec.controllerName,
    configurations: found(parametersKeys('LoadBalancerConfiguration'), (key) => sources.configuration(key)),
    proxyConfigurations: found(parametersKeys('ProxyConfiguration'), (key) => sources.proxyConfiguration(key)),
    listenerSets,
    routes,
    namespaces: found([...new Set([...listenerSets, ...routes].map(namespaceOf))], (name) => sources.namespace(name)),
    grants: [...grantNamespaces].toSorted().flatMap((namespace) => sources.grantsIn(namespace)),
    services,
    endpointSlices: new Map([...services.keys()].map((key) => [key, sources.endpointSlicesOf(key)])),
    secrets: found(secretKeys, (key) => sources.secret(key)),
    backendTlsPolicies,
    configMaps: found([...new Set([...frontendKeys, ...backendTlsPolicies.flatMap(policyConfigMaps)])], (key) =>
      sources.configMap(key),
    ),
    ...(certificateOption !== undefined && { certificateOption }),
    certificateOwners,
    imported: found(secretKeys, (key) => sources.imported(key)),
    now: sources.now(),
  };
}

function found<K, V>(keys: readonly K[], lookUp: (key: K) => V | undefined): ReadonlyMap<K, V> {
  const entries = new Map<K, V>();
  for (const key of keys) {
    const value = lookUp(key);
    if (value !== undefined) entries.set(key, value);
  }
  return entries;
}
