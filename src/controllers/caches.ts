// One reflector for each kind, and the indexes that the passes use.

import type { Namespace, Node, Service } from '../api/core.ts';
import type { BackendTlsPolicy } from '../api/gateway-api.ts';
import * as kinds from '../api/kinds.ts';
import { type Route, type ServedRoute, servedKinds } from '../api/route-kinds.ts';
import {
  readBackendTlsPolicy,
  readGateway,
  readGatewayClass,
  readListenerSet,
  readReferenceGrant,
  readRoute,
} from '../gateway/readable.ts';
import {
  ancestorGateway,
  backendServices,
  certificateSecrets,
  classParametersKey,
  frontendConfigMaps,
  gatewayParametersKey,
  listenerSetGateway,
  namespaceOf,
  parametersKinds,
  parentGateway,
  parentGateways,
  parentListenerSet,
  parentListenerSets,
  policyConfigMaps,
  targetServices,
} from '../gateway/references.ts';
import type { Indexers, Store } from '../kube/cache.ts';
import { stripBookkeeping } from '../kube/cache.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock, Random } from '../kube/clock.ts';
import type { Kind } from '../kube/kinds.ts';
import { type KubeObject, type ObjectKey, objectKey, parseObjectKey } from '../kube/object.ts';
import { Reflector, type ReflectorOptions } from '../kube/reflector.ts';
import type { Logger } from '../telemetry/logger.ts';

/** After its start, an API server may take this long to serve all CRDs. In milliseconds. */
const absentAfterMs = 30_000;

/** The longest time between two checks whether an optional kind has been installed. In milliseconds. */
const optionalMissingMs = 60_000;

/** Nothing is wrong if they are not installed. */
const optionalKinds: ReadonlySet<string> = new Set([
  kinds.proxyConfigurations.kind,
  kinds.backendTlsPolicies.kind,
  ...servedKinds.filter(({ optional }) => optional).map(({ resource: { kind } }) => kind),
]);

type RouteIndex = 'namespace' | 'gateway' | 'listenerSet' | 'service';

const mayBeMissing = { timing: { missingMaxMs: optionalMissingMs } } as const;

const optional = { optional: true, ...mayBeMissing } as const;

const serviceNameLabel = 'kubernetes.io/service-name';

/** The served routes of all kinds with this key in the index. */
export const routesBy = ({ routes }: Pick<Caches, 'routes'>, index: RouteIndex, key: string): readonly ServedRoute[] =>
  routes.flatMap((store) => store.byIndex(index, key));

/** Every Gateway that a route refers to, or that its status still mentions. */
export const gatewaysOfRoute = (route: Route): readonly ObjectKey[] => {
  const reported = (route.status?.parents ?? []).flatMap(({ parentRef }) => parentGateway(route, parentRef) ?? []);
  return [...new Set([...parentGateways(route), ...reported])];
};

/** Every ListenerSet that a route refers to, or that its status still mentions. */
export const listenerSetsOfRoute = (route: Route): readonly ObjectKey[] => {
  const reported = (route.status?.parents ?? []).flatMap(({ parentRef }) => parentListenerSet(route, parentRef) ?? []);
  return [...new Set([...parentListenerSets(route), ...reported])];
};

/** The Gateways that a policy's status mentions. */
const gatewaysOfPolicy = (policy: BackendTlsPolicy): readonly ObjectKey[] => [
  ...new Set((policy.status?.ancestors ?? []).flatMap((entry) => ancestorGateway(policy, entry) ?? [])),
];

/** Keeps only the fields that targets depend on, because a Node's status is large and changes often. */
function stripNode(node: Node): Node {
  const { status, spec, ...rest } = stripBookkeeping(node);
  const ready = (status?.conditions ?? [])
    .filter(({ type }) => type === 'Ready')
    .map(({ type, status: is }) => ({ type, status: is }));
  const { providerID, taints } = spec;
  return {
    ...rest,
    spec: {
      ...(providerID === undefined ? {} : { providerID }),
      ...(taints === undefined ? {} : { taints: taints.map(({ key }) => ({ key })) }),
    },
    status: { conditions: ready, addresses: status?.addresses ?? [] },
  };
}

export interface CachesOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Watches only objects of this namespace. Cluster-scoped kinds are watched completely. */
  readonly watchNamespace?: string | undefined;
}

export type Caches = ReturnType<typeof openCaches>;

/** The reflectors start with `run`. */
export function openCaches(options: CachesOptions) {
  const { watchNamespace, ...shared } = options;
  const reflectors: Pick<Reflector<KubeObject>, 'settled' | 'run' | 'state' | 'kind' | 'hasSynced' | 'missingForMs'>[] =
    [];
  function reflect<T extends KubeObject, Index extends string = never>(
    kind: Kind<T>,
    indexers: Indexers<T, Index>,
    extra: Pick<ReflectorOptions<T, Index>, 'fieldSelector' | 'strip' | 'read' | 'timing' | 'optional'> = {},
  ): Store<T, Index> {
    const namespace = kind.namespaced ? watchNamespace : undefined;
    const reflector = new Reflector({ ...shared, kind, indexers, namespace, ...extra });
    reflectors.push(reflector);
    return reflector.store;
  }
  const stores = {
    gatewayClasses: reflect(
      kinds.gatewayClasses,
      {
        configuration: (gatewayClass) =>
          parametersKinds.flatMap((kind) => eachOf(classParametersKey(gatewayClass, kind))),
      },
      { read: readGatewayClass },
    ),
    gateways: reflect(
      kinds.gateways,
      {
        namespace: inNamespace,
        class: (gateway) => [gateway.spec.gatewayClassName],
        configuration: (gateway) => parametersKinds.flatMap((kind) => eachOf(gatewayParametersKey(gateway, kind))),
        secret: certificateSecrets,
        configMap: frontendConfigMaps,
      },
      { read: readGateway },
    ),
    listenerSets: reflect(
      kinds.listenerSets,
      { namespace: inNamespace, gateway: (set) => eachOf(listenerSetGateway(set)), secret: certificateSecrets },
      { read: readListenerSet },
    ),
    /** One store for each served kind of routes. */
    routes: servedKinds.map(({ resource, optional: isOptional }) =>
      reflect<ServedRoute, RouteIndex>(
        resource,
        {
          namespace: inNamespace,
          gateway: gatewaysOfRoute,
          listenerSet: listenerSetsOfRoute,
          service: backendServices,
        },
        { read: readRoute, ...(isOptional && optional) },
      ),
    ),
    referenceGrants: reflect(kinds.referenceGrants, { namespace: inNamespace }, { read: readReferenceGrant }),
    /** Without the permission to read them we would send plaintext where a policy forbids it, so everything waits for it. */
    backendTlsPolicies: reflect(
      kinds.backendTlsPolicies,
      { service: targetServices, configMap: policyConfigMaps, gateway: gatewaysOfPolicy },
      { read: readBackendTlsPolicy, ...mayBeMissing },
    ),
    loadBalancerConfigurations: reflect(kinds.loadBalancerConfigurations, {}),
    proxyConfigurations: reflect(kinds.proxyConfigurations, {}, optional),
    services: reflect(kinds.services, { address: addressesOf }),
    endpointSlices: reflect(kinds.endpointSlices, { service: (slice) => servicesOfSlice(slice) }),
    secrets: reflect(kinds.secrets, {}, { fieldSelector: 'type=kubernetes.io/tls' }),
    nodes: reflect(kinds.nodes, {}, { strip: stripNode }),
    namespaces: reflect(kinds.namespaces, {}, { strip: stripNamespace }),
  };
  return {
    ...stores,
    /** Whether we watch the namespace of the object. */
    watches: (key: ObjectKey): boolean =>
      watchNamespace === undefined || parseObjectKey(key).namespace === watchNamespace,
    /** Resolves when each kind has been listed completely, or is not installed. */
    settled: Promise.all(reflectors.map((reflector) => reflector.settled)),
    /** Runs until the signal aborts. */
    run: (signal: AbortSignal): Promise<unknown> => Promise.all(reflectors.map((reflector) => reflector.run(signal))),
    /** The kinds that have not been listed yet. */
    unlisted: (): readonly string[] =>
      reflectors.filter((reflector) => !reflector.hasSynced()).map(({ kind }) => kind.kind),
    /** The kinds that the API server does not serve, at least not yet. Optional kinds are not among them. */
    missing: (): readonly string[] =>
      reflectors
        .filter(({ state, kind }) => state === 'waiting-for-crd' && !optionalKinds.has(kind.kind))
        .map(({ kind }) => kind.kind),
    /** The kinds that are certainly not installed. An API server that has just started may not serve its CRDs yet. */
    absent: (): readonly string[] =>
      reflectors.filter((reflector) => reflector.missingForMs() >= absentAfterMs).map(({ kind }) => kind.kind),
  };
}

/** Only the labels of namespaces are needed. */
const stripNamespace = (namespace: Namespace): Namespace => {
  const { apiVersion, kind, metadata } = stripBookkeeping(namespace);
  return { apiVersion, kind, metadata };
};

const inNamespace = (object: KubeObject): readonly string[] => [namespaceOf(object)];

const eachOf = (key: ObjectKey | undefined): readonly ObjectKey[] => (key === undefined ? [] : [key]);

/** The addresses that a load balancer controller has given to the Service. */
const addressesOf = ({ status }: Service): readonly string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);

export const servicesOfSlice = ({ metadata }: KubeObject): readonly ObjectKey[] => {
  const name = metadata.labels?.[serviceNameLabel];
  return name === undefined ? [] : [objectKey({ namespace: metadata.namespace, name })];
};
