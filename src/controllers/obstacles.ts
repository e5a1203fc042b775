// What keeps a pass from doing anything for a Gateway: then what exists stays as it is.
import type { Gateway } from '../api/gateway-api.ts';
import { listenerSets, loadBalancerConfigurations } from '../api/kinds.ts';
import type { Problem } from '../gateway/problem.ts';
import type { GatewayContext } from './gateway-context.ts';
import { otherRegion } from './place.ts';

/** What stands in the way of changing a Gateway, and of removing it. */
export const obstaclesOf = async ({ cloud }: GatewayContext, gateway: Gateway): Promise<readonly Problem[]> => [
  ...(await cloud.ready()),
  ...otherRegion(gateway, cloud.region),
];

/**
 * Kinds that were never listed are not kinds without objects: an API server that has just started may not know its CRDs yet.
 * Our own a cluster may well be without, and ListenerSets, of which there were none before v1.5, where a Gateway allows none.
 */
export function kindsMissing({ caches }: Pick<GatewayContext, 'caches'>, { spec }: Gateway): readonly Problem[] {
  const { from = 'None' } = spec.allowedListeners?.namespaces ?? {};
  const optional = new Set([loadBalancerConfigurations.kind, ...(from === 'None' ? [listenerSets.kind] : [])]);
  const kinds = caches.unlisted().filter((kind) => !optional.has(kind));
  return kinds.length === 0 ? [] : [{ kind: 'kinds-missing', kinds }];
}
