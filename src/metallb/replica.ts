// What the leader finds in its own replica.

import type { Summary } from '../envoy/ads/summary.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { Feed } from '../provider/feed.ts';
import type { Ads } from './ads.ts';
import type { MetallbCaches } from './caches.ts';
import type { MetallbFacts, MetallbModel } from './stages.ts';
import type { MetallbTopology } from './translation.ts';

export interface MetallbReplica
  extends Pick<Feed<MetallbTopology, MetallbFacts, MetallbModel>, 'facts' | 'model' | 'derivations' | 'certificates'> {
  readonly caches: MetallbCaches;
  readonly ads: Ads;
  /** What the Gateway's Envoys have, as each replica knows of those that are connected to it. */
  summaries(gateway: ObjectKey): readonly Summary[];
  /**
   * @param watcher told that the Envoys of a Gateway have news, or all of them
   * @returns how to stop
   */
  watch(watcher: (gateway?: ObjectKey) => void): () => void;
}
