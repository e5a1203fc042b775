// The pass over one Service, after its endpoints or the nodes changed. It updates the members of what serves the Service, and
// translates no Gateway.

import type { ObjectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { Provider } from '../provider/provider.ts';

export async function reconcileEndpoints(
  providers: readonly Pick<Provider, 'endpoints'>[],
  service: ObjectKey,
): Promise<WorkResult | undefined> {
  const applied = await Promise.all(providers.map((provider) => provider.endpoints(service)));
  // The statuses of the routes name the targets.
  const found = applied.flatMap((each) => each.found);
  if (found.length > 0)
    return { unfinished: `Not all targets are served: ${found.map(({ problem }) => problem).join(', ')}` };
  const delays = applied.flatMap(({ requeueAfterMs }) => requeueAfterMs ?? []);
  return delays.length === 0 ? undefined : { requeueAfterMs: Math.min(...delays) };
}
