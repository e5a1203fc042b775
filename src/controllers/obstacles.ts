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

/** What a cluster may well be without: our own kind, and one that the Gateway API has since v1.5. */
const optional: ReadonlySet<string> = new Set([loadBalancerConfigurations.kind, listenerSets.kind]);

/** Kinds that were never listed are not kinds without objects: an API server that has just started may not know its CRDs yet. */
export function kindsMissing({ caches }: GatewayContext): readonly Problem[] {
  const kinds = caches.unlisted().filter((kind) => !optional.has(kind));
  return kinds.length === 0 ? [] : [{ kind: 'kinds-missing', kinds }];
}
