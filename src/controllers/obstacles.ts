// Missing kinds that stop a Gateway's pass: then existing resources stay as they are.
import type { Gateway } from '../api/gateway-api.ts';
import { listenerSets, loadBalancerConfigurations, referenceGrants } from '../api/kinds.ts';
import type { KindsMissing } from '../gateway/problem.ts';
import type { Caches } from './caches.ts';

/** Kinds that need not be installed. A cluster without them has no such objects, and nothing is wrong. */
const optionalKinds: ReadonlySet<string> = new Set(
  [listenerSets, loadBalancerConfigurations, referenceGrants].map(({ kind }) => kind),
);

/**
 * A kind that was never listed may still have objects, because an API server that has just started may not serve its CRDs yet. An
 * optional kind counts as not installed after a while, or if the Gateway does not need it. A Gateway that names a missing
 * configuration stays as it is, and one that allows no ListenerSets does not need that kind.
 */
export function kindsMissing(caches: Pick<Caches, 'absent' | 'unlisted'>, { spec }: Gateway): readonly KindsMissing[] {
  const { from = 'None' } = spec.allowedListeners?.namespaces ?? {};
  const needless = new Set([
    loadBalancerConfigurations.kind,
    ...(from === 'None' ? [listenerSets.kind] : []),
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
