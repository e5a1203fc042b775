// Authorities of users: they sign certificates of backends and of clients.
// oxlint-disable-next-line import/no-unassigned-import -- it has to run before @peculiar/x509 does
import '../../../src/envoy/ads/reflect-metadata.ts';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type KeyPair, makeAuthority } from '../../../src/envoy/ads/issue.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const validity = { from: Date.now() - 60_000, until: Date.now() + 3_600_000 };

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  issue(...names: readonly { readonly type: 'dns' | 'url'; readonly value: string }[]): Promise<KeyPair>;
}

export async function authority(name: string): Promise<Authority> {
  const own = await makeAuthority(name, validity);
  const [issuer = ''] = new x509.X509Certificate(own.certificate).subjectName.getField('CN');
  const pkcs8 = x509.PemConverter.decodeFirst(own.key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  return {
    certificate: own.certificate,
    issue: async (...names) => {
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const certificate = await x509.X509CertificateGenerator.create({
        subject: [{ CN: [names[0]?.value ?? 'nobody'] }],
        issuer: [{ CN: [issuer] }],
        notBefore: new Date(validity.from),
        notAfter: new Date(validity.until),
        publicKey: keys.publicKey,
        signingKey,
        signingAlgorithm: algorithm,
        extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...names])],
      });
      const exported = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
      return { certificate: certificate.toString('pem'), key: x509.PemConverter.encode(exported, 'PRIVATE KEY') };
    },
  };
}

export const dns = (value: string) => ({ type: 'dns' as const, value });
export const uri = (value: string) => ({ type: 'url' as const, value });
