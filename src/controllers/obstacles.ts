// What keeps a pass from doing anything for a Gateway: then what exists stays as it is.
import type { Gateway } from '../api/gateway-api.ts';
import { listenerSets, loadBalancerConfigurations, referenceGrants } from '../api/kinds.ts';
import type { KindsMissing } from '../gateway/problem.ts';
import type { Caches } from './caches.ts';

/** Kinds that a cluster may be without. Then there are no such objects, and nothing else is missing. */
const optionalKinds: ReadonlySet<string> = new Set(
  [listenerSets, loadBalancerConfigurations, referenceGrants].map(({ kind }) => kind),
);

/**
 * A kind that was never listed may still have objects: an API server that has just started may not know its CRDs yet. An
 * optional kind counts as not installed when the API server has said so for a while, or when it makes no difference:
 * without configurations a Gateway that names one stays as it is, and one that allows no ListenerSets needs none.
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

/** The kinds that are not installed, and what that means for the Gateways of a class. */
export function kindsNotInstalled(caches: Pick<Caches, 'missing'>): {
  needed: readonly string[];
  optional: readonly string[];
} {
  const missing = Map.groupBy(caches.missing(), (kind) => (optionalKinds.has(kind) ? 'optional' : 'needed'));
  return { needed: missing.get('needed') ?? [], optional: missing.get('optional') ?? [] };
}
