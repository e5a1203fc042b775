// What every part of a Gateway's pass is handed.

import type { Cloud } from '../aws/cloud.ts';
import type { ModelOptions } from '../aws/model/options.ts';
import type { SettingsDefaults } from '../aws/settings.ts';
import type { Sources } from '../gateway/gather.ts';
import type { WhenWanted } from '../kube/workers.ts';
import type { Caches } from './caches.ts';
import type { ListenerSetContext } from './report-listener-sets.ts';
import type { Unanswered } from './unanswered.ts';

export const finalizer = 'gatehouse.dev/aws';

export interface GatewayContext extends ListenerSetContext {
  readonly caches: Caches;
  readonly sources: Sources;
  readonly cloud: Cloud;
  readonly unanswered: Unanswered;
  readonly defaults: SettingsDefaults;
  readonly modelOptions: ModelOptions;
  /** Tells a pass that others wait. */
  readonly whenWanted: WhenWanted;
}

/** How long to wait for what AWS does by itself, in milliseconds. */
export const pollMs = 3000;
