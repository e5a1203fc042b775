// The parts of a cluster that run pods: kube-controller-manager, and the nodes.
import { join } from 'node:path';
import { serviceAddress, serviceBlocks } from './api-server.ts';
import { waitFor } from './apply.ts';
import { findBinary } from './binaries.ts';
import type { CertificateAuthority } from './certificates.ts';
import type { Connection } from './connection.ts';
import { endOf, startDaemon } from './daemon.ts';
import { metallbManifest } from './metallb/manifest.ts';
import { startMetallb } from './metallb/metallb.ts';
import { startAgent } from './nodes/agent.ts';
import { type ImageOptions, pullImages } from './nodes/images.ts';
import type { NodePlan } from './nodes/node.ts';
import { defaultPool } from './outside/link.ts';
import { startOutside } from './outside/outside.ts';

export interface PodsOptions extends ImageOptions {
  readonly dir: string;
  readonly kubeconfig: string;
  readonly admin: Connection;
  readonly authority: CertificateAuthority;
  readonly nodes: readonly NodePlan[];
}

export interface RunningPods {
  stop(): Promise<void>;
}

const accountTimeoutMs = 60_000;

export async function preparePods(options: ImageOptions): Promise<void> {
  await findBinary('kube-controller-manager', options);
  await pullImages(options);
  if (options.metallb) await metallbManifest(options.signal);
}

/** Resolves when the default namespace and each node accept pods, and MetalLB runs if it should. */
export async function startPods(options: PodsOptions): Promise<RunningPods> {
  const { dir, kubeconfig, admin, authority, nodes, log = () => {}, signal } = options;
  const findImage = await pullImages(options);
  const program = await findBinary('kube-controller-manager', options);
  const logFile = join(dir, 'kube-controller-manager.log');
  await using begun = new AsyncDisposableStack();
  const controllerManager = await startDaemon(program, controllerManagerFlags(dir, kubeconfig), logFile);
  begun.defer(() => controllerManager.kill('SIGKILL'));
  const variables = { KUBERNETES_SERVICE_HOST: serviceAddress, KUBERNETES_SERVICE_PORT: '443' };
  const agent = await startAgent({
    connection: admin,
    authority,
    nodes,
    findImage,
    variables,
    metallb: options.metallb ?? false,
    serviceBlocks,
    folder: dir,
    log,
  });
  begun.defer(() => agent.stop());
  await Promise.race([Promise.all([agent.ready, defaultAccount(admin, signal)]), endOf(controllerManager)]);
  if (options.metallb) {
    begun.defer(await startOutside(dir, signal));
    await startMetallb({ admin, addresses: defaultPool, signal });
  }
  const running = begun.move();
  return { stop: () => running.disposeAsync() };
}

/** Runs with all default controllers. */
const controllerManagerFlags = (dir: string, kubeconfig: string): readonly string[] => [
  `--kubeconfig=${kubeconfig}`,
  `--root-ca-file=${join(dir, 'pki', 'ca.crt')}`,
  `--service-account-private-key-file=${join(dir, 'pki', 'ca.key')}`,
  '--leader-elect=false',
  '--bind-address=127.0.0.1',
  // Its own server is not needed here.
  '--secure-port=0',
  // Nobody else uses the API server.
  '--kube-api-qps=500',
  '--kube-api-burst=1000',
  '--profiling=false',
];

/** A namespace without a ServiceAccount refuses pods. */
async function defaultAccount(admin: Connection, signal: AbortSignal | undefined): Promise<void> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default';
  await waitFor(admin, path, (account) => account !== undefined, { timeoutMs: accountTimeoutMs, signal });
}
