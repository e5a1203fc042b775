// Reads the certificate, its chain and its key from a TLS Secret. Its messages never repeat content of the Secret.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Secret } from '../api/core.ts';
import type { CertificateKey, CertificateSummary } from './topology.ts';

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

/** The keys that every provider supports. */
const rsaBits: ReadonlySet<number> = new Set([1024, 2048, 3072, 4096]);
const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** The blocks that are checked. Only these may be imported. */
export const certificateBlocks = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

const malformed = (detail: string): ReadCertificate => ({ kind: 'malformed', detail });

/** In `tls.crt` the leaf comes first, and each later certificate issued the one before it. TLS requires this order. */
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
  // OpenSSL throws for types of keys that it does not know.
  const publicKey = attempt(() => leaf.publicKey);
  const summary = publicKey && keyOf(publicKey);
  if (publicKey === undefined || summary === undefined) {
    return { kind: 'algorithm-unsupported', algorithm: publicKey === undefined ? 'unknown' : algorithmOf(publicKey) };
  }
  if (!leaf.checkPrivateKey(key)) return { kind: 'key-mismatch' };

  return {
    kind: 'certificate',
    notBefore: leaf.validFromDate.toISOString(),
    summary: {
      fingerprint: fingerprint(chain, publicKey),
      key: summary,
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

/** Undefined for an unsupported key. */
function keyOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): CertificateKey | undefined {
  const { modulusLength: bits, namedCurve: curve } = details ?? {};
  if (type === 'rsa' && bits !== undefined && rsaBits.has(bits)) return { type: 'RSA', bits };
  if (type === 'ec' && curve !== undefined && curves.has(curve)) return { type: 'EC', curve };
  return undefined;
}

/** `rsa-2048`, `ec-prime256v1`, `ed25519`. */
function algorithmOf(key: KeyObject): string {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = key;
  const detail = details?.modulusLength ?? details?.namedCurve;
  return detail === undefined ? type : `${type}-${detail}`;
}

/** The fingerprint of a Secret with these certificates in PEM, the leaf first. Undefined if a certificate cannot be read. */
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

/** The subject's alternative names. Modern clients accept no other names. */
function domainNames(leaf: X509Certificate): readonly string[] {
  return [...(leaf.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map(([, name = '']) => name.toLowerCase());
}
