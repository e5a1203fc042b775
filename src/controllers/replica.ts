// What every replica has, whether it leads or waits: the caches, and the metrics computed from them.

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
  /** Gateways of classes with these controllerNames are ours. */
  readonly controllerNames: ReadonlySet<string>;
}

/** The caches start to fill when they run. */
export function openReplica({ metrics, controllerNames, ...options }: ReplicaOptions): Replica {
  const { clock } = options;
  const caches = openCaches(options);
  registerObjectMetrics({ registry: metrics.registry, caches, controllerNames, clock });
  return { caches, sources: sourcesOf(caches, clock) };
}
