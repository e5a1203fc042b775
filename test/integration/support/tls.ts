// TLS Secrets of users: self-signed, each with its own key.
import type { KeyObject } from 'node:crypto';
import { type RequestableKey, selfSigned } from '../../../localstack/aws/acm/self-signed.ts';
import type { KubeObject } from '../../../localstack/cluster/apply.ts';

export async function tlsSecret(
  ns: string,
  name: string,
  hostnames: readonly string[],
  algorithm: RequestableKey = 'EC_prime256v1',
): Promise<KubeObject> {
  const { certificatePem, privateKey } = await selfSigned(hostnames, algorithm, Date.now(), '01');
  return secretOf(ns, name, certificatePem, privateKey);
}

/** @param certificates in PEM, the leaf first */
export const secretOf = (ns: string, name: string, certificates: string, key: KeyObject): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: ns },
  type: 'kubernetes.io/tls',
  stringData: { 'tls.crt': certificates, 'tls.key': key.export({ type: 'pkcs8', format: 'pem' }) },
});
