import { join } from 'node:path';
import { type CertificateAuthority, writeKeyPair } from './certificates.ts';
import type { NodePlan } from './nodes/node.ts';

export interface ApiServerOptions {
  readonly dir: string;
  readonly authority: CertificateAuthority;
  readonly port: number;
  readonly etcdPort: number;
  /** A node with pods. They reach the API server at its address. Undefined if no pods run. */
  readonly node: NodePlan | undefined;
}

/** The ports of etcd and the API server on this machine. */
export const host = '127.0.0.1';
/** A block of each family. By default a Service gets an IPv4 address. */
export const serviceBlocks: readonly string[] = ['10.96.0.0/16', 'fd00:10:96::/112'];
/** The cluster address of the `kubernetes` Service. */
export const serviceAddress = '10.96.0.1';

/** The arguments of kube-apiserver. Also writes its certificates. */
export async function apiServerFlags({
  dir,
  authority,
  port,
  etcdPort,
  node,
}: ApiServerOptions): Promise<readonly string[]> {
  const pki = join(dir, 'pki');
  const addresses = [host, serviceAddress, ...(node ? [node.address] : [])];
  const serving = await authority.issueServer(['localhost', 'kubernetes.default.svc'], addresses);
  const servingPaths = await writeKeyPair(pki, 'kube-apiserver', serving);
  const ca = join(pki, 'ca.crt');
  return [
    `--etcd-servers=http://${host}:${etcdPort}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${servingPaths.certificate}`,
    `--tls-private-key-file=${servingPaths.key}`,
    `--client-ca-file=${ca}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    // The authority's own key signs tokens. It stays in `dir`, so that tokens are valid after a restart.
    `--service-account-signing-key-file=${join(pki, 'ca.key')}`,
    `--service-account-key-file=${ca}`,
    `--service-cluster-ip-range=${serviceBlocks.join(',')}`,
    '--authorization-mode=RBAC',
    '--allow-privileged',
    '--profiling=false',
    ...(node ? await flagsForPods(pki, authority, node) : flagsForNoPods),
  ];
}

const flagsForNoPods: readonly string[] = [
  `--bind-address=${host}`,
  `--advertise-address=${host}`,
  // The Endpoints of the `kubernetes` Service must not have a loopback address.
  '--endpoint-reconciler-type=none',
  // No controller creates ServiceAccounts.
  '--disable-admission-plugins=ServiceAccount',
];

/** Pods reach the API server at a node's address. It reads logs from nodes. */
async function flagsForPods(pki: string, authority: CertificateAuthority, node: NodePlan): Promise<readonly string[]> {
  const client = await authority.issueClient('kube-apiserver-kubelet-client', ['system:masters']);
  const paths = await writeKeyPair(pki, 'kubelet-client', client);
  return [
    // Only reachable inside the sandbox of the pods.
    '--bind-address=0.0.0.0',
    `--advertise-address=${node.address}`,
    `--kubelet-client-certificate=${paths.certificate}`,
    `--kubelet-client-key=${paths.key}`,
    `--kubelet-certificate-authority=${join(pki, 'ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}
