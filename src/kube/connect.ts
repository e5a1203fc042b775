import type { Logger } from '../telemetry/logger.ts';
import type { KubeClient } from './client.ts';
import type { Clock, Random } from './clock.ts';

export interface ConnectOptions {
  /** A kubeconfig's path; without it KUBECONFIG, then ~/.kube/config, then the pod's service account are tried. */
  readonly kubeconfig?: string | undefined;
  /** The kubeconfig's context; its current one when left out. */
  readonly context?: string | undefined;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly env?: NodeJS.ProcessEnv;
}

/** @throws KubeConfigError when there is no usable configuration; whether the server answers shows in the first call */
export declare function connect(options: ConnectOptions): Promise<KubeClient>;
