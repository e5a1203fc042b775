// Reads Gateways from manifests, without a cluster, for `gatehouse plan -f` and the golden cases.
import type { EndpointSlice, Namespace, Secret, Service } from '../api/core.ts';
import { withGatewayDefaults, withListenerSetDefaults, withRouteDefaults } from '../api/defaults.ts';
import {
  type BackendTlsPolicy,
  GATEWAY_GROUP,
  type Gateway,
  type GatewayClass,
  type ListenerSet,
  type ReferenceGrant,
} from '../api/gateway-api.ts';
import type { ConfigMap } from '../api/kinds.ts';
import { GATEHOUSE_GROUP, type LoadBalancerConfiguration } from '../api/load-balancer-configuration.ts';
import type { ProxyConfiguration } from '../api/proxy-configuration.ts';
import { type ServedRoute, servedKinds } from '../api/route-kinds.ts';
import { type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { gather, type Sources } from './gather.ts';
import type { GatewayInput } from './input.ts';
import { checkManifest, type InvalidManifest } from './manifest-shape.ts';
import { listenerSetGateway, namespaceOf, parentGateways, parentListenerSets, targetServices } from './references.ts';

export interface ManifestOptions {
  /** Gateways of other controllers' classes are skipped. Without it, no Gateway is skipped. */
  readonly controllerName?: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether Secrets that are not among the manifests are assumed to exist and to be valid. */
  readonly assumeSecrets?: boolean;
  /** The provider's certificates. Without it, nothing is imported, and every listener may use every certificate that it names. */
  readonly certificates?: Pick<Sources, 'imported' | 'certificateOwner'>;
  /** The key in a listener's `tls.options` that names certificates of the provider. */
  readonly certificateOption?: string;
}

const notAsked: Pick<Sources, 'imported' | 'certificateOwner'> = {
  imported: () => undefined,
  certificateOwner: () => ({ kind: 'anyone' }),
};

export interface FromManifests {
  /** One input for each Gateway whose class is among the manifests, in their order. */
  readonly inputs: readonly GatewayInput[];
  /** Skipped manifests: they are not Kubernetes objects, or lack required fields of their kind. */
  readonly invalid: readonly InvalidManifest[];
}

/** @param manifests parsed YAML documents, as a user wrote them */
export function fromManifests(
  manifests: readonly unknown[],
  { controllerName, now, assumeSecrets = false, certificates = notAsked, certificateOption }: ManifestOptions,
): FromManifests {
  const objects: KubeObject[] = [];
  const invalid: InvalidManifest[] = [];
  for (const manifest of manifests.flatMap(listItems)) {
    const checked = checkManifest(manifest);
    if (checked.kind === 'valid') objects.push(asServed(checked.object));
    else invalid.push(checked);
  }
  const sources = {
    ...sourcesOf(objects, now, certificates),
    ...(certificateOption !== undefined && { certificateOption }),
  };
  const inputs = ofKind<Gateway>(objects, GATEWAY_GROUP, 'Gateway')
    .map((gateway) => gather(objectKey(gateway.metadata), sources))
    .filter((input) => input !== undefined)
    .filter((input) => controllerName === undefined || input.controllerName === controllerName)
    .map((input) => (assumeSecrets ? { ...input, assumeSecrets } : input));
  return { inputs, invalid };
}

/** `kubectl get -o yaml` gives one List. */
function listItems(manifest: unknown): readonly unknown[] {
  if (typeof manifest !== 'object' || manifest === null || !('items' in manifest)) return [manifest];
  return Array.isArray(manifest.items) ? manifest.items : [manifest];
}

const clusterScoped: ReadonlySet<string> = new Set(['GatewayClass', 'Namespace', 'Node']);

/** The object as an API server returns it: with namespace, generation and the defaults of its kind. */
function asServed(object: KubeObject): KubeObject {
  const { metadata } = object;
  const placed = clusterScoped.has(object.kind)
    ? object
    : { ...object, metadata: { generation: 1, ...metadata, namespace: metadata.namespace ?? 'default' } };
  if (isA<Gateway>(placed, GATEWAY_GROUP, 'Gateway')) return withGatewayDefaults(placed);
  if (isA<ListenerSet>(placed, GATEWAY_GROUP, 'ListenerSet')) return withListenerSetDefaults(placed);
  if (isServedRoute(placed)) return withRouteDefaults(placed);
  if (isA<Secret>(placed, '', 'Secret')) return withEncodedData(placed);
  if (isA<Namespace>(placed, '', 'Namespace')) return namespaceWithName(metadata.name, metadata.labels);
  return placed;
}

function withEncodedData(secret: Secret & { readonly stringData?: Readonly<Record<string, string>> }): Secret {
  const { stringData, ...stored } = secret;
  if (stringData === undefined) return stored;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
  return { ...stored, data: { ...stored.data, ...Object.fromEntries(encoded) } };
}

/** The API server labels every namespace with its name. */
const namespaceWithName = (name: string, labels?: Readonly<Record<string, string>>): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { ...labels, 'kubernetes.io/metadata.name': name } },
});

const groupOf = ({ apiVersion }: KubeObject): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';

const isA = <T extends KubeObject>(object: KubeObject, group: string, kind: T['kind']): object is T =>
  object.kind === kind && groupOf(object) === group;

const isServedRoute = (object: KubeObject): object is ServedRoute =>
  servedKinds.some(({ resource: { kind } }) => isA<ServedRoute>(object, GATEWAY_GROUP, kind));

const ofKind = <T extends KubeObject>(objects: readonly KubeObject[], group: string, kind: T['kind']): readonly T[] =>
  objects.filter((object) => isA<T>(object, group, kind));

function sourcesOf(objects: readonly KubeObject[], now: number, certificates: typeof notAsked): Sources {
  const byKey = <T extends KubeObject>(group: string, kind: T['kind']): ReadonlyMap<string, T> =>
    new Map(ofKind<T>(objects, group, kind).map((object) => [objectKey(object.metadata), object]));
  const gateways = byKey<Gateway>(GATEWAY_GROUP, 'Gateway');
  const gatewayClasses = byKey<GatewayClass>(GATEWAY_GROUP, 'GatewayClass');
  const configurations = byKey<LoadBalancerConfiguration>(GATEHOUSE_GROUP, 'LoadBalancerConfiguration');
  const proxyConfigurations = byKey<ProxyConfiguration>(GATEHOUSE_GROUP, 'ProxyConfiguration');
  const listenerSets = byKey<ListenerSet>(GATEWAY_GROUP, 'ListenerSet');
  const routes = servedKinds.flatMap(({ resource: { kind } }) => ofKind<ServedRoute>(objects, GATEWAY_GROUP, kind));
  const grants = byKey<ReferenceGrant>(GATEWAY_GROUP, 'ReferenceGrant');
  const policies = policiesByService(ofKind<BackendTlsPolicy>(objects, GATEWAY_GROUP, 'BackendTLSPolicy'));
  const configMaps = byKey<ConfigMap>('', 'ConfigMap');
  const namespaces = byKey<Namespace>('', 'Namespace');
  const services = byKey<Service>('', 'Service');
  const endpointSlices = byKey<EndpointSlice>('discovery.k8s.io', 'EndpointSlice');
  // In a cluster, Secrets of other types are not watched either.
  const secrets = ofKind<Secret>(objects, '', 'Secret').filter(({ type }) => type === 'kubernetes.io/tls');
  return {
    gateway: (key) => gateways.get(key),
    gatewayClass: (name) => gatewayClasses.get(name),
    configuration: (key) => configurations.get(key),
    proxyConfiguration: (key) => proxyConfigurations.get(key),
    listenerSetsByParent: (key) => [...listenerSets.values()].filter((set) => listenerSetGateway(set) === key),
    routesByListenerSet: (key) => routes.filter((route) => parentListenerSets(route).includes(key)),
    routesByParent: (key) => routes.filter((route) => parentGateways(route).includes(key)),
    // A namespace without a manifest is assumed to exist, because otherwise nothing could be applied to it.
    namespace: (name) => namespaces.get(name) ?? namespaceWithName(name),
    grantsIn: (namespace) => [...grants.values()].filter((grant) => namespaceOf(grant) === namespace),
    service: (key) => services.get(key),
    endpointSlicesOf: (key) => [...endpointSlices.values()].filter((slice) => sliceService(slice) === key),
    policiesFor: (service) => policies.get(service) ?? [],
    configMap: (key) => configMaps.get(key),
    secret: (key) => secrets.find(({ metadata }) => objectKey(metadata) === key),
    imported: (secret) => certificates.imported(secret),
    certificateOwner: (reference, gateway) => certificates.certificateOwner(reference, gateway),
    now: () => now,
  };
}

function policiesByService(policies: readonly BackendTlsPolicy[]): ReadonlyMap<ObjectKey, readonly BackendTlsPolicy[]> {
  const byService = new Map<ObjectKey, BackendTlsPolicy[]>();
  for (const policy of policies) {
    for (const service of targetServices(policy)) byService.set(service, [...(byService.get(service) ?? []), policy]);
  }
  return byService;
}

function sliceService(slice: EndpointSlice): ObjectKey | undefined {
  const name = slice.metadata.labels?.['kubernetes.io/service-name'];
  return name === undefined ? undefined : objectKey({ namespace: namespaceOf(slice), name });
}
