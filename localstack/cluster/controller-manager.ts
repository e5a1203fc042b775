import { join } from 'node:path';
import { findBinary } from './binaries.ts';
import { type Daemon, startDaemon } from './daemon.ts';

/** Starts kube-controller-manager, with every controller that it runs by default, on the cluster of `dir`. */
export async function startControllerManager(dir: string, kubeconfig: string): Promise<Daemon> {
  const pki = join(dir, 'pki');
  const flags = [
    `--kubeconfig=${kubeconfig}`,
    `--root-ca-file=${join(pki, 'ca.crt')}`,
    `--service-account-private-key-file=${join(pki, 'ca.key')}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    // Its own server is of no use here.
    '--secure-port=0',
    // There is nobody to share the API server with.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--profiling=false',
  ];
  return startDaemon(await findBinary('kube-controller-manager'), flags, join(dir, 'kube-controller-manager.log'));
}
