// What every part of a Gateway's pass is handed.
import type { ModelOptions } from '../aws/model/options.ts';
import type { Sources } from '../gateway/gather.ts';
import type { SettingsDefaults } from '../gateway/settings.ts';
import type { ReportContext } from '../status/report.ts';
import type { Caches } from './caches.ts';
import type { Cloud } from './cloud.ts';

export const finalizer = 'gatehouse.dev/aws';

export interface GatewayContext extends ReportContext {
  readonly caches: Caches;
  readonly sources: Sources;
  readonly cloud: Cloud;
  readonly defaults: SettingsDefaults;
  readonly modelOptions: ModelOptions;
}

/** How long to wait for what AWS does by itself, in milliseconds. */
export const pollMs = 3000;
