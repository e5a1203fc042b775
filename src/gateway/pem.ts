// Reads the certificate, its chain and its key out of a TLS Secret. What it says of a bad one never repeats its content.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Secret } from '../api/core.ts';
import type { CertificateSummary } from './topology.ts';

export type ReadCertificate =
  | {
      readonly kind: 'certificate';
      readonly summary: CertificateSummary;
      /** ISO 8601. */
      readonly notBefore: string;
    }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'key-mismatch' }
  | { readonly kind: 'algorithm-unsupported'; readonly algorithm: string };

/** ACM's names of the keys that it imports and that an ALB serves. */
const keyAlgorithms: Readonly<Record<string, string>> = {
  'rsa-1024': 'RSA_1024',
  'rsa-2048': 'RSA_2048',
  'rsa-3072': 'RSA_3072',
  'rsa-4096': 'RSA_4096',
  'ec-prime256v1': 'EC_prime256v1',
  'ec-secp384r1': 'EC_secp384r1',
  'ec-secp521r1': 'EC_secp521r1',
};

/** What is checked, and so what may be imported. */
export const certificateBlocks = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

const malformed = (detail: string): ReadCertificate => ({ kind: 'malformed', detail });

/** The leaf comes first in `tls.crt`, and each certificate after it issued the one before: ACM takes no other order. */
export function readCertificate(secret: Secret): ReadCertificate {
  const blocks = decode(secret, 'tls.crt').match(certificateBlocks) ?? [];
  const chain: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    const certificate = attempt(() => new X509Certificate(block));
    if (certificate === undefined) return malformed(`certificate ${index + 1} of tls.crt cannot be read`);
    const previous = chain.at(-1);
    if (previous !== undefined && !previous.checkIssued(certificate)) {
      return malformed(`certificate ${index + 1} of tls.crt did not issue certificate ${index}`);
    }
    chain.push(certificate);
  }
  const [leaf] = chain;
  if (leaf === undefined) return malformed('tls.crt holds no PEM certificate');

  const pem = decode(secret, 'tls.key');
  if (pem === '') return malformed('tls.key is missing');
  const key = attempt(() => createPrivateKey(pem));
  if (key === undefined) return malformed('tls.key is not an unencrypted PEM private key');
  // A key of a kind that this OpenSSL does not know can't even be looked at.
  const publicKey = attempt(() => leaf.publicKey);
  const algorithm = publicKey === undefined ? 'unknown' : algorithmOf(publicKey);
  const keyAlgorithm = keyAlgorithms[algorithm];
  if (publicKey === undefined || keyAlgorithm === undefined) return { kind: 'algorithm-unsupported', algorithm };
  if (!leaf.checkPrivateKey(key)) return { kind: 'key-mismatch' };

  return {
    kind: 'certificate',
    notBefore: leaf.validFromDate.toISOString(),
    summary: {
      fingerprint: fingerprint(chain, publicKey),
      keyAlgorithm,
      domainNames: domainNames(leaf),
      notAfter: leaf.validToDate.toISOString(),
    },
  };
}

const decode = (secret: Secret, name: string): string => Buffer.from(secret.data?.[name] ?? '', 'base64').toString();

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** `rsa-2048`, `ec-prime256v1`, `ed25519`. */
function algorithmOf(key: KeyObject): string {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = key;
  const detail = details?.modulusLength ?? details?.namedCurve;
  return detail === undefined ? type : `${type}-${detail}`;
}

/** The fingerprint that a Secret with these certificates has; they are in PEM, the leaf first. Undefined where one can't be read. */
export function fingerprintOf(pem: string): string | undefined {
  return attempt(() => {
    const chain = (pem.match(certificateBlocks) ?? []).map((block) => new X509Certificate(block));
    const [leaf] = chain;
    return leaf && fingerprint(chain, leaf.publicKey);
  });
}

function fingerprint(chain: readonly X509Certificate[], publicKey: KeyObject): string {
  const hash = createHash('sha256');
  for (const certificate of chain) hash.update(certificate.raw);
  return hash.update(publicKey.export({ type: 'spki', format: 'der' })).digest('hex');
}

/** The subject's alternative names: without any, no client of today takes a certificate for any host. */
function domainNames(leaf: X509Certificate): readonly string[] {
  return [...(leaf.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map(([, name = '']) => name.toLowerCase());
}
