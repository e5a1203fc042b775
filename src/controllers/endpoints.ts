// The pass over one Service: endpoints or nodes changed, and so do the members of what serves it. No Gateway is translated again.

import type { ObjectKey } from '../kube/object.ts';
import type { WorkResult } from '../kube/workers.ts';
import type { Provider } from '../provider/provider.ts';

export async function reconcileEndpoints(
  provider: Pick<Provider, 'endpoints'>,
  service: ObjectKey,
): Promise<WorkResult | undefined> {
  const { found, requeueAfterMs } = await provider.endpoints(service);
  // The statuses of the routes say which.
  if (found.length > 0)
    return { unfinished: `Not all targets are served: ${found.map(({ problem }) => problem).join(', ')}` };
  return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
}
