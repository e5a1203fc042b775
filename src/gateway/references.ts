// What refers to what, by key: how the caches are indexed, and how gather finds its way. Nothing here says whether a
// reference is permitted or leads anywhere.
import {
  type BackendRef,
  GATEWAY_GROUP,
  type Gateway,
  type GatewayClass,
  type HttpRoute,
  type ParametersReference,
  type ParentReference,
  type SecretReference,
} from '../api/gateway-api.ts';
import { GATEHOUSE_GROUP } from '../api/load-balancer-configuration.ts';
import { type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';

export const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? '';

/** `group/Kind namespace/name`, as problems name what they cannot resolve. */
export function describeReference(reference: {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}): string {
  const { group = '', kind = '', namespace, name } = reference;
  return `${group === '' ? '' : `${group}/`}${kind} ${objectKey({ namespace, name })}`;
}

/** The Gateway that a parentRef points to; undefined for another kind of parent. */
export function parentGateway(route: HttpRoute, parentRef: ParentReference): ObjectKey | undefined {
  const { group = GATEWAY_GROUP, kind = 'Gateway', namespace = namespaceOf(route), name } = parentRef;
  return group === GATEWAY_GROUP && kind === 'Gateway' ? objectKey({ namespace, name }) : undefined;
}

/** The Gateways that a route wants to attach to, each once. */
export function parentGateways(route: HttpRoute): readonly ObjectKey[] {
  const keys = (route.spec.parentRefs ?? []).map((parentRef) => parentGateway(route, parentRef));
  return [...new Set(keys.filter((key) => key !== undefined))];
}

/** The Service that a backendRef of a route in `namespace` points to; undefined for another kind of backend. */
export function backendService(namespace: string, ref: BackendRef): ObjectKey | undefined {
  const { group = '', kind = 'Service' } = ref;
  return group === '' && kind === 'Service'
    ? objectKey({ namespace: ref.namespace ?? namespace, name: ref.name })
    : undefined;
}

/** The Services that a route refers to, each once. */
export function backendServices(route: HttpRoute): readonly ObjectKey[] {
  const refs = (route.spec.rules ?? []).flatMap((rule) => rule.backendRefs ?? []);
  const keys = refs.map((ref) => backendService(namespaceOf(route), ref));
  return [...new Set(keys.filter((key) => key !== undefined))];
}

/** The Secret that a certificateRef of a Gateway in `namespace` points to; undefined for another kind. */
export function certificateSecret(namespace: string, ref: SecretReference): ObjectKey | undefined {
  const { group = '', kind = 'Secret' } = ref;
  return group === '' && kind === 'Secret'
    ? objectKey({ namespace: ref.namespace ?? namespace, name: ref.name })
    : undefined;
}

/** The Secrets that a Gateway's listeners refer to, each once. */
export function certificateSecrets(gateway: Gateway): readonly ObjectKey[] {
  const refs = gateway.spec.listeners.flatMap((listener) => listener.tls?.certificateRefs ?? []);
  const keys = refs.map((ref) => certificateSecret(namespaceOf(gateway), ref));
  return [...new Set(keys.filter((key) => key !== undefined))];
}

/** Whether parameters are of the one kind that we know. */
export const isConfiguration = (reference: ParametersReference): boolean =>
  reference.group === GATEHOUSE_GROUP && reference.kind === 'LoadBalancerConfiguration';

/** The LoadBalancerConfiguration of a class. Its reference has to name a namespace, for a class has none. */
export function classConfiguration(gatewayClass: GatewayClass): ObjectKey | undefined {
  const reference = gatewayClass.spec.parametersRef;
  if (reference === undefined || !isConfiguration(reference) || !reference.namespace) return undefined;
  return objectKey(reference);
}

/** The LoadBalancerConfiguration of a Gateway, always in its own namespace. */
export function gatewayConfiguration(gateway: Gateway): ObjectKey | undefined {
  const reference = gateway.spec.infrastructure?.parametersRef;
  if (reference === undefined || !isConfiguration(reference)) return undefined;
  return objectKey({ namespace: namespaceOf(gateway), name: reference.name });
}
