// What every replica has of the cluster, whether it leads or waits: the caches, and what is computed out of them.

import type { Clock } from '../kube/clock.ts';
import type { ClusterSources } from '../provider/context.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Caches, type CachesOptions, openCaches } from './caches.ts';
import { registerObjectMetrics } from './object-metrics.ts';
import { sourcesOf } from './sources.ts';

export interface Replica {
  readonly caches: Caches;
  readonly sources: ClusterSources;
}

export interface ReplicaOptions extends CachesOptions {
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'registry'>;
  /** Whose Gateways are ours. */
  readonly controllerNames: ReadonlySet<string>;
}

/** The caches fill once they run. */
export function openReplica({ metrics, controllerNames, ...options }: ReplicaOptions): Replica {
  const { clock } = options;
  const caches = openCaches(options);
  registerObjectMetrics({ registry: metrics.registry, caches, controllerNames, clock });
  return { caches, sources: sourcesOf(caches, clock) };
}
