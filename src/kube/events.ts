import type { Logger } from '../telemetry/logger.ts';
import type { KubeClient } from './client.ts';
import type { Clock, Random } from './clock.ts';
import type { KubeObject } from './object.ts';

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** Why, in CamelCase, for machines. */
  readonly reason: string;
  /** What we did or tried, in CamelCase. */
  readonly action: string;
  /** For people; cut at 1024 bytes. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** As `example.io/controller`. */
  readonly reportingController: string;
  readonly reportingInstance: string;
}

/** Writes Events about objects. */
export interface EventRecorder {
  /** Never throws and never waits; repetitions become a series, and what exceeds an object's share is dropped. */
  record(regarding: KubeObject, note: EventNote): void;
  /** Sends what is recorded, until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}
