import { type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { gatewayPath } from '../integration/support/status.ts';

/** Long, because faults delay everything. */
export const patienceMs = 120_000;

/** Waits until the Gateway is gone from the cluster, finalizers and all. */
export async function gone({ cluster }: Rig, { metadata }: KubeObject): Promise<void> {
  const path = gatewayPath(metadata.namespace ?? '', metadata.name);
  await waitFor(cluster.admin, path, (found) => found === undefined, { timeoutMs: patienceMs });
}
