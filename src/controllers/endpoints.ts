// The pass over one Service: endpoints or nodes changed, and so do the members of what serves it. No Gateway is translated again.

import type { ObjectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { Provider } from '../provider/provider.ts';

export async function reconcileEndpoints(
  providers: readonly Pick<Provider, 'endpoints'>[],
  service: ObjectKey,
): Promise<WorkResult | undefined> {
  const applied = await Promise.all(providers.map((provider) => provider.endpoints(service)));
  // The statuses of the routes say which.
  const found = applied.flatMap((each) => each.found);
  if (found.length > 0)
    return { unfinished: `Not all targets are served: ${found.map(({ problem }) => problem).join(', ')}` };
  const delays = applied.flatMap(({ requeueAfterMs }) => requeueAfterMs ?? []);
  return delays.length === 0 ? undefined : { requeueAfterMs: Math.min(...delays) };
}
