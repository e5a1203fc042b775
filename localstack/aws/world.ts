import type { Clock } from './clock.ts';
import type { AwsOptions } from './options.ts';
import type { Random } from './random.ts';
import type { Sessions } from './sessions.ts';
import type { RegionState } from './state.ts';

/** The parts of one region's services. */
export interface World extends RegionState {
  readonly region: string;
  readonly accountId: string;
  readonly options: AwsOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly sessions: Sessions;
  /** The objects of S3, by `BUCKET/KEY`. */
  readonly objects: Map<string, string>;
}
