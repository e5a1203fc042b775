// Missing kinds that stop a Gateway's pass: then existing resources stay as they are.
import type { Gateway } from '../api/gateway-api.ts';
import {
  backendTlsPolicies,
  listenerSets,
  loadBalancerConfigurations,
  proxyConfigurations,
  referenceGrants,
} from '../api/kinds.ts';
import { servedKinds } from '../api/route-kinds.ts';
import type { KindsMissing } from '../gateway/problem.ts';
import { objectKey } from '../kube/object.ts';
import type { Caches } from './caches.ts';

const optionalRoutes = servedKinds.filter(({ optional }) => optional);

/** Kinds that need not be installed. A cluster without them has no such objects, and nothing is wrong. */
const optionalKinds: ReadonlySet<string> = new Set(
  [
    backendTlsPolicies,
    listenerSets,
    loadBalancerConfigurations,
    proxyConfigurations,
    referenceGrants,
    ...optionalRoutes.map(({ resource }) => resource),
  ].map(({ kind }) => kind),
);

/**
 * A kind that was never listed may still have objects, because an API server that has just started may not serve its CRDs yet. An
 * optional kind counts as not installed after a while, or if the Gateway does not need it. A Gateway that names a missing
 * configuration stays as it is, one that allows no ListenerSets does not need that kind, and one without a listener for a
 * kind of routes does not need that one.
 */
export function kindsMissing(
  caches: Pick<Caches, 'absent' | 'unlisted' | 'listenerSets'>,
  { metadata, spec }: Gateway,
): readonly KindsMissing[] {
  const { from = 'None' } = spec.allowedListeners?.namespaces ?? {};
  const sets = from === 'None' ? [] : caches.listenerSets.byIndex('gateway', objectKey(metadata));
  const listeners = [spec, ...sets.map((set) => set.spec)].flatMap((owner) => owner.listeners);
  const protocols = new Set(listeners.map(({ protocol }) => protocol));
  const unattached = optionalRoutes.filter((route) => !route.protocols.some((protocol) => protocols.has(protocol)));
  const needless = new Set([
    loadBalancerConfigurations.kind,
    proxyConfigurations.kind,
    ...(from === 'None' ? [listenerSets.kind] : []),
    ...unattached.map(({ resource }) => resource.kind),
    ...caches.absent().filter((kind) => optionalKinds.has(kind)),
  ]);
  const kinds = caches.unlisted().filter((kind) => !needless.has(kind));
  return kinds.length === 0 ? [] : [{ kind: 'kinds-missing', kinds }];
}

/** The kinds that are not installed: those that Gateways need, and optional ones. */
export function kindsNotInstalled(caches: Pick<Caches, 'missing'>): {
  needed: readonly string[];
  optional: readonly string[];
} {
  const missing = Map.groupBy(caches.missing(), (kind) => (optionalKinds.has(kind) ? 'optional' : 'needed'));
  return { needed: missing.get('needed') ?? [], optional: missing.get('optional') ?? [] };
}
