// TLS Secrets as users have them: self-signed, with a key of their own.
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts';
import type { KubeObject } from '../../../localstack/cluster/apply.ts';

export async function tlsSecret(ns: string, name: string, hostnames: readonly string[]): Promise<KubeObject> {
  const { certificatePem, privateKey } = await selfSigned(hostnames, 'EC_prime256v1', Date.now(), '01');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: ns },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificatePem, 'tls.key': privateKey.export({ type: 'pkcs8', format: 'pem' }) },
  };
}
