// What every part of a Gateway's pass needs.

import type { Sources } from '../gateway/gather.ts';
import type { WhenWanted } from '../kube/workers.ts';
import type { Provider } from '../provider/provider.ts';
import type { Caches } from './caches.ts';
import type { ListenerSetContext } from './report-listener-sets.ts';
import type { Unanswered } from './unanswered.ts';

export interface GatewayContext extends ListenerSetContext {
  readonly caches: Caches;
  readonly sources: Sources;
  readonly provider: Provider;
  readonly unanswered: Unanswered;
  /** Informs a pass that others wait. */
  readonly whenWanted: WhenWanted;
}
