import type { KubeClient } from './client.ts';
import type { Clock, Random } from './clock.ts';
import { Credentials } from './credentials.ts';
import { HttpClient } from './http-client.ts';
import { KubeConfigError, loadKubeConfig } from './kubeconfig.ts';
import { Transport } from './transport.ts';

export interface ConnectOptions {
  /** A kubeconfig's path. Default: KUBECONFIG, then ~/.kube/config, then the pod's service account. */
  readonly kubeconfig?: string | undefined;
  /** The kubeconfig's context. Default: its current context. */
  readonly context?: string | undefined;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly random: Random;
  /** The longest wait for an answer, in milliseconds. */
  readonly timeoutMs?: number;
  readonly env: NodeJS.ProcessEnv;
}

/** Sends no request yet. @throws KubeConfigError if there is no usable configuration */
export async function connect(options: ConnectOptions): Promise<KubeClient> {
  const { userAgent, clock, random, timeoutMs = 30_000 } = options;
  const config = await loadKubeConfig(options);
  const { server, proxyUrl } = config.cluster;
  if (!URL.canParse(server)) throw new KubeConfigError(`Expected the server in ${config.source} to be a URL`);
  const url = new URL(server);
  const credentials = new Credentials(config);
  const transport = new Transport(url, credentials, proxyUrl || undefined);
  return new HttpClient({
    server: `${url.origin}${url.pathname.replace(/\/$/, '')}`,
    pathPrefix: url.pathname.replace(/\/$/, ''),
    namespace: config.namespace,
    source: config.source,
    transport,
    credentials,
    userAgent,
    timeoutMs,
    clock,
    random,
  });
}
