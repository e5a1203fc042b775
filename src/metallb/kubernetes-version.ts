// Whether Kubernetes is new enough for the pods of Envoys.
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { GatewayFinding } from '../provider/finding.ts';
import type { Logger } from '../telemetry/logger.ts';
import { pending } from './pending.ts';

/** The first with the kubelet's `sleep` before a container ends, and with ValidatingAdmissionPolicies. */
const OLDEST_MINOR = 30;

export class KubernetesVersion {
  readonly #client: Pick<KubeClient, 'version'>;
  readonly #logger: Logger;
  /** Undefined if the API server does not tell it. */
  #version: string | undefined;

  constructor(client: Pick<KubeClient, 'version'>, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
  }

  /** Logs what is wrong once, because each pass reads the version of an old cluster again. */
  async read(signal: AbortSignal): Promise<void> {
    const before = this.#version;
    try {
      this.#version = await this.#client.version(signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      this.#logger.warn({ err: error }, 'the API server does not tell its version');
    }
    if (this.#version === before) return;
    for (const { words } of this.findings) this.#logger.error({ version: this.#version }, words);
  }

  /** Empty if it is new enough, or not known. */
  get findings(): readonly GatewayFinding[] {
    const minor = /^v?1\.(\d+)/.exec(this.#version ?? '')?.[1];
    if (minor === undefined || Number(minor) >= OLDEST_MINOR) return [];
    const words = `The cluster has Kubernetes ${this.#version}, and Envoys need v1.${OLDEST_MINOR} or newer. Upgrade the cluster.`;
    return [pending('kubernetes-too-old', words)];
  }
}
