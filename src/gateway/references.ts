// Which objects refer to which, by key. The caches are indexed by it, and gather follows it. It does not check whether a reference
// is permitted, or whether its object exists.
import {
  type BackendRef,
  type BackendTlsPolicy,
  type FrontendTls,
  GATEWAY_GROUP,
  type Gateway,
  type GatewayClass,
  type HttpRouteRule,
  type Listener,
  type ListenerSet,
  type ParametersReference,
  type ParentReference,
  type PolicyAncestorStatus,
  type PolicyTarget,
} from '../api/gateway-api.ts';
import { GATEHOUSE_GROUP } from '../api/load-balancer-configuration.ts';
import { type Route, type ServedRoute, servedKindOf } from '../api/route-kinds.ts';
import { type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { remembered } from './remembered.ts';

interface NamedReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}

const eachOnce = (keys: readonly (ObjectKey | undefined)[]): readonly ObjectKey[] => [
  ...new Set(keys.filter((key) => key !== undefined)),
];

export const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? '';

/** `group/Kind namespace/name`: how problems name a reference that cannot be resolved. */
export function describeReference(reference: NamedReference): string {
  const { group = '', kind = '', namespace, name } = reference;
  return `${group === '' ? '' : `${group}/`}${kind} ${objectKey({ namespace, name })}`;
}

const parentOf =
  (expected: 'Gateway' | 'ListenerSet') =>
  (child: KubeObject, parentRef: ParentReference): ObjectKey | undefined => {
    const { group = GATEWAY_GROUP, kind = 'Gateway', namespace = namespaceOf(child), name } = parentRef;
    return group === GATEWAY_GROUP && kind === expected ? objectKey({ namespace, name }) : undefined;
  };

/** The Gateway that a parentRef points to. Undefined for another kind of parent. */
export const parentGateway = parentOf('Gateway');

/** The ListenerSet that a parentRef points to. Undefined for another kind of parent. */
export const parentListenerSet = parentOf('ListenerSet');

/** The Gateway that a ListenerSet wants to add its listeners to. */
export const listenerSetGateway = (set: ListenerSet): ObjectKey | undefined => parentGateway(set, set.spec.parentRef);

/** The Gateways that a route wants to attach to, each once. */
export const parentGateways = remembered((route: Route): readonly ObjectKey[] =>
  eachOnce((route.spec.parentRefs ?? []).map((parentRef) => parentGateway(route, parentRef))),
);

/** The ListenerSets that a route wants to attach to, each once. */
export const parentListenerSets = remembered((route: Route): readonly ObjectKey[] =>
  eachOnce((route.spec.parentRefs ?? []).map((parentRef) => parentListenerSet(route, parentRef))),
);

/** The object of the expected core kind that a reference points to. Undefined for another kind. */
const coreObject =
  (expected: string) =>
  (from: string, { group = '', kind = expected, namespace = from, name }: NamedReference): ObjectKey | undefined =>
    group === '' && kind === expected ? objectKey({ namespace, name }) : undefined;

/** The Service that a backendRef points to. Undefined for another kind of backend. */
export const backendService = coreObject('Service');

/** The Secret that a certificateRef points to. Undefined for another kind. */
export const certificateSecret = coreObject('Secret');

/** The ConfigMap that a caCertificateRef points to. Undefined for another kind. */
export const configMapReference = coreObject('ConfigMap');

/** The Service that a policy is for. Undefined for another kind of target. */
export const targetService = (policy: KubeObject, { group, kind, name }: PolicyTarget): ObjectKey | undefined =>
  backendService(namespaceOf(policy), { group, kind, name });

/** The Services that a policy is for, each once. */
export const targetServices = (policy: BackendTlsPolicy): readonly ObjectKey[] =>
  eachOnce(policy.spec.targetRefs.map((target) => targetService(policy, target)));

/** The ConfigMaps with the CA certificates of a policy, each once. */
export const policyConfigMaps = (policy: BackendTlsPolicy): readonly ObjectKey[] =>
  eachOnce((policy.spec.validation.caCertificateRefs ?? []).map((ref) => configMapReference(namespaceOf(policy), ref)));

/** How listeners of a Gateway check the certificates of clients, by the port. The rest of the Gateway's ports have the default. */
export interface FrontendValidation {
  /** Undefined for the default. */
  readonly port: number | undefined;
  /** A path below the Gateway's spec. */
  readonly field: string;
  readonly validation: FrontendTls['validation'];
}

export function frontendValidations({ spec }: Gateway): readonly FrontendValidation[] {
  const { frontend } = spec.tls ?? {};
  if (frontend === undefined) return [];
  const field = 'tls.frontend';
  return [
    ...(frontend.perPort ?? []).map(({ port, tls }, index) => ({
      port,
      field: `${field}.perPort[${index}].tls.validation`,
      validation: tls.validation,
    })),
    { port: undefined, field: `${field}.default.validation`, validation: frontend.default?.validation },
  ];
}

/** The ConfigMaps with the CA certificates of a Gateway's clients, each once. */
export const frontendConfigMaps = (gateway: Gateway): readonly ObjectKey[] =>
  eachOnce(
    frontendValidations(gateway)
      .flatMap(({ validation }) => validation?.caCertificateRefs ?? [])
      .map((ref) => configMapReference(namespaceOf(gateway), ref)),
  );

/** The Gateway that an entry in a policy's status is about. Undefined for another kind of ancestor. */
export const ancestorGateway = (policy: BackendTlsPolicy, { ancestorRef }: PolicyAncestorStatus) =>
  parentGateway(policy, ancestorRef);

/** The Services that a route refers to, each once. */
export const backendServices = remembered((route: ServedRoute): readonly ObjectKey[] => {
  const refs = [...servedKindOf(route).backendsOf(route).flat(), ...mirrorBackends(route)];
  return eachOnce(refs.map((ref) => backendService(namespaceOf(route), ref)));
});

/** The backends that get copies of a route's requests. */
function mirrorBackends(route: ServedRoute): readonly BackendRef[] {
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') return [];
  const rules: readonly Pick<HttpRouteRule, 'filters' | 'backendRefs'>[] = route.spec.rules ?? [];
  return rules
    .flatMap(({ filters = [], backendRefs = [] }) => [...filters, ...backendRefs.flatMap((ref) => ref.filters ?? [])])
    .flatMap(({ requestMirror }) => requestMirror?.backendRef ?? []);
}

/** The Secrets that the listeners of a Gateway or a ListenerSet refer to, each once. */
export function certificateSecrets(owner: Gateway | ListenerSet): readonly ObjectKey[] {
  const refs = owner.spec.listeners.flatMap((listener) => listener.tls?.certificateRefs ?? []);
  return eachOnce(refs.map((ref) => certificateSecret(namespaceOf(owner), ref)));
}

/**
 * The provider's own certificates that a listener names, each once, as they are written.
 * @param option the key in `tls.options` that names them, separated by commas. Undefined if the provider has no such option
 */
export function externalCertificates({ tls }: Listener, option: string | undefined): readonly string[] {
  const written = option === undefined ? undefined : tls?.options?.[option];
  return written === undefined ? [] : [...new Set(written.split(',').map((part) => part.trim()))];
}

/** Our kinds that a parametersRef may name. */
export const parametersKinds = ['LoadBalancerConfiguration', 'ProxyConfiguration'] as const;

export type ParametersKind = (typeof parametersKinds)[number];

/** Whether a parametersRef names an object of this kind of ours. */
export const namesParameters = (reference: ParametersReference, kind: ParametersKind): boolean =>
  reference.group === GATEHOUSE_GROUP && reference.kind === kind;

/** The parameters of a class. The reference must name a namespace, because a class has none. */
export function classParametersKey({ spec }: GatewayClass, kind: ParametersKind): ObjectKey | undefined {
  const reference = spec.parametersRef;
  if (reference === undefined || !namesParameters(reference, kind) || !reference.namespace) return undefined;
  return objectKey(reference);
}

/** The parameters of a Gateway, always in its own namespace. */
export function gatewayParametersKey(gateway: Gateway, kind: ParametersKind): ObjectKey | undefined {
  const reference = gateway.spec.infrastructure?.parametersRef;
  if (reference === undefined || !namesParameters(reference, kind)) return undefined;
  return objectKey({ namespace: namespaceOf(gateway), name: reference.name });
}
