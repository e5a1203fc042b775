// Chooses the objects of a plan from all given objects.
import { z } from 'zod';
import { GATEWAY_GROUP } from '../api/gateway-api.ts';
import { GATEHOUSE_GROUP } from '../api/load-balancer-configuration.ts';
import { servedKinds } from '../api/route-kinds.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { parametersKinds } from '../gateway/references.ts';
import { type KubeObject, type ObjectMeta, objectKey } from '../kube/object.ts';
import type { ManifestObject } from './manifest-files.ts';
import type { PlannedGateway } from './planned.ts';
import { isOfUnknownKind } from './unknown-fields.ts';

const routeKinds: readonly string[] = servedKinds.map(({ resource: { kind } }) => kind);

const readKinds: ReadonlySet<string> = new Set([
  ...['GatewayClass', 'Gateway', 'ListenerSet', 'ReferenceGrant', 'BackendTLSPolicy', ...routeKinds].map(
    (kind) => `${GATEWAY_GROUP}/${kind}`,
  ),
  ...parametersKinds.map((kind) => `${GATEHOUSE_GROUP}/${kind}`),
  'discovery.k8s.io/EndpointSlice',
  ...['Service', 'Secret', 'ConfigMap', 'Namespace'].map((kind) => `/${kind}`),
]);

/** The objects of the plan, without duplicates. */
export function relevant(objects: readonly ManifestObject[], warnings: Set<string>): readonly ManifestObject[] {
  const byName = new Map<string, ManifestObject>();
  for (const object of objects) {
    const { apiVersion, kind } = object;
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    if (isOfUnknownKind(object)) continue;
    // MetalLB chooses addresses by them. A plan does not.
    if (group === 'metallb.io') continue;
    if (!readKinds.has(`${group}/${kind}`)) {
      warnings.add(`${kind} of ${apiVersion} is ignored: load balancers do not depend on it`);
      continue;
    }
    const name = nameOf(object);
    if (byName.has(name)) warnings.add(`${name} occurs more than once: the last one counts`);
    byName.delete(name);
    byName.set(name, object);
  }
  return [...byName.values()];
}

const named = z.object({ name: z.string(), namespace: z.string().optional() }).catch({ name: '' });

/** The name in problems, such as `HTTPRoute shop/web`. */
export const nameOf = ({ kind, ...object }: ManifestObject): string =>
  `${kind} ${objectKey(named.parse(object['metadata']))}`;

const clusterScoped: ReadonlySet<string> = new Set(['GatewayClass', 'Namespace']);

/** Sets the namespace like `kubectl apply --namespace`. */
export function inNamespace(object: ManifestObject, namespace: string): ManifestObject {
  const given = object['metadata'];
  if (clusterScoped.has(object.kind) || typeof given !== 'object' || given === null || 'namespace' in given)
    return object;
  return { ...object, metadata: { ...given, namespace } };
}

/**
 * The cluster's objects after an apply of the manifests. Existing objects keep their age, new objects are the youngest.
 * @param now in milliseconds since the epoch
 */
export function overlaid(
  live: readonly KubeObject[],
  manifests: readonly ManifestObject[],
  now: number,
): readonly unknown[] {
  const before = new Map(live.map((object) => [liveName(object), object.metadata]));
  const names = new Set(manifests.map(nameOf));
  return [
    ...live.filter((object) => !names.has(liveName(object))),
    ...manifests.map((manifest) => applied(manifest, before.get(nameOf(manifest)), now)),
  ];
}

function applied(manifest: ManifestObject, live: ObjectMeta | undefined, now: number): unknown {
  const given = manifest['metadata'];
  if (typeof given !== 'object' || given === null) return manifest;
  const { uid, creationTimestamp, generation } = live ?? {};
  const kept = { creationTimestamp: creationTimestamp ?? new Date(now).toISOString(), uid, generation };
  const known = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  return { ...manifest, metadata: { ...given, ...known } };
}

const liveName = ({ kind, metadata }: KubeObject): string => `${kind} ${objectKey(metadata)}`;

/** Whether one of the named objects is part of the Gateway's input. */
export function concerns(input: GatewayInput, names: ReadonlySet<string>): boolean {
  const { gateway, gatewayClass, configurations, proxyConfigurations, listenerSets, routes, namespaces, grants } =
    input;
  const { services, endpointSlices, secrets } = input;
  return [
    gateway,
    gatewayClass,
    ...configurations.values(),
    ...proxyConfigurations.values(),
    ...listenerSets,
    ...routes,
    ...namespaces.values(),
    ...grants,
    ...services.values(),
    ...[...endpointSlices.values()].flat(),
    ...secrets.values(),
  ].some((object) => names.has(liveName(object)));
}

/** Warnings for given objects that are in no plan. */
export function warnOfUnused(
  objects: readonly ManifestObject[],
  gateways: readonly PlannedGateway[],
  warnings: Set<string>,
): void {
  const planned = new Set(gateways.flatMap(({ objects: parts }) => parts.map(({ object }) => object)));
  for (const object of objects) {
    const name = nameOf(object);
    if (planned.has(name)) continue;
    if (object.kind === 'Gateway')
      warnings.add(`${name} is not planned: its GatewayClass belongs to another controller, or is missing`);
    if (routeKinds.includes(object.kind))
      warnings.add(`${name} is not planned: none of its parentRefs names a Gateway or a ListenerSet of the plan`);
    if (object.kind === 'ListenerSet')
      warnings.add(`${name} is not planned: its parentRef names no Gateway of the plan`);
  }
}
