import { join } from 'node:path';
import { type CertificateAuthority, writeKeyPair } from './certificates.ts';
import type { NodePlan } from './nodes/node.ts';

export interface ApiServerOptions {
  readonly dir: string;
  readonly authority: CertificateAuthority;
  readonly port: number;
  readonly etcdPort: number;
  /** A node whose pods run, at whose address they reach the API server; undefined where no pods run. */
  readonly node: NodePlan | undefined;
}

/** Where etcd and the API server listen, for this machine. */
export const host = '127.0.0.1';
export const serviceBlock = '10.96.0.0/16';
/** Of the `kubernetes` Service, which is the API server. */
export const serviceAddress = '10.96.0.1';

/** What kube-apiserver is started with; writes the certificates that it needs. */
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
    // The authority's own key signs tokens: it is kept in `dir`, so that they outlive a restart.
    `--service-account-signing-key-file=${join(pki, 'ca.key')}`,
    `--service-account-key-file=${ca}`,
    // Of both families; Services are IPv4 unless they say otherwise.
    `--service-cluster-ip-range=${serviceBlock},fd00:10:96::/112`,
    '--authorization-mode=RBAC',
    '--allow-privileged',
    '--profiling=false',
    ...(node ? await flagsForPods(pki, authority, node) : flagsForNoPods),
  ];
}

const flagsForNoPods: readonly string[] = [
  `--bind-address=${host}`,
  `--advertise-address=${host}`,
  // A loopback address may not be in the Endpoints of the `kubernetes` Service.
  '--endpoint-reconciler-type=none',
  // No controller makes ServiceAccounts.
  '--disable-admission-plugins=ServiceAccount',
];

/** Pods reach the API server at a node's address, and it asks nodes for logs. */
async function flagsForPods(pki: string, authority: CertificateAuthority, node: NodePlan): Promise<readonly string[]> {
  const client = await authority.issueClient('kube-apiserver-kubelet-client', ['system:masters']);
  const paths = await writeKeyPair(pki, 'kubelet-client', client);
  return [
    // In the sandbox that pods run in, which nobody from outside reaches.
    '--bind-address=0.0.0.0',
    `--advertise-address=${node.address}`,
    `--kubelet-client-certificate=${paths.certificate}`,
    `--kubelet-client-key=${paths.key}`,
    `--kubelet-certificate-authority=${join(pki, 'ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}
