// Reads the certificate, its chain and its key from a TLS Secret. Its messages never repeat content of the Secret.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Secret } from '../api/core.ts';
import type { CertificateKey, CertificateSummary } from './topology.ts';
import { certificateBlocks, readX509 } from './x509.ts';

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

/** Far more than any chain needs. Each listener of an Envoy has its own copy of certificates and key. */
const MAX_BYTES = 32 * 1024;

const malformed = (detail: string): ReadCertificate => ({ kind: 'malformed', detail });

/** In `tls.crt` the leaf comes first, and each later certificate issued the one before it. TLS requires this order. */
export function readCertificate(secret: Secret): ReadCertificate {
  const blocks = decode(secret, 'tls.crt').match(certificateBlocks) ?? [];
  if (bytesOf(blocks) > MAX_BYTES) return malformed('tls.crt holds more than 32 KiB of certificates');
  const chain: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    const certificate = readX509(block);
    if (certificate === undefined)
      return malformed(`certificate ${index + 1} of tls.crt cannot be read as X.509 version 3`);
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
  if (pem.length > MAX_BYTES) return malformed('tls.key has more than 32 KiB');
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

const bytesOf = (blocks: readonly string[]): number => blocks.reduce((sum, { length }) => sum + length, 0);

/** Undefined for a key that no provider supports. */
function keyOf(key: KeyObject): CertificateKey | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const { modulusLength: bits, namedCurve: curve } = details ?? {};
  if (type === 'rsa' && bits !== undefined && hasUsualExponent(key)) return { type: 'RSA', bits };
  if (type === 'ec' && curve !== undefined && namesCurve(key)) return { type: 'EC', curve };
  return undefined;
}

/** BoringSSL takes odd exponents of at most 33 bits. */
function hasUsualExponent({ asymmetricKeyDetails: details }: KeyObject): boolean {
  const { publicExponent: exponent = 0n } = details ?? {};
  return exponent > 2n && exponent % 2n === 1n && exponent < 2n ** 33n;
}

/** The longest public key with the name of a curve is one on P-521. The parameters of a curve, written out, are longer. */
const LONGEST_NAMED = 158;

/** Node gives the curve its name, even if the key has the curve's parameters instead. */
const namesCurve = (key: KeyObject): boolean => spki(key).length <= LONGEST_NAMED;

/** `ed25519`, `rsa-2048 with an unusual exponent`, `ec-prime256v1 with explicit parameters`. */
function algorithmOf(key: KeyObject): string {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = key;
  const { modulusLength: bits, namedCurve: curve } = details ?? {};
  if (type === 'rsa' && bits !== undefined) return `rsa-${bits} with an unusual exponent`;
  if (type === 'ec') return `${curve === undefined ? 'ec' : `ec-${curve}`} with explicit parameters`;
  return bits === undefined ? type : `${type}-${bits}`;
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

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
  return hash.update(spki(publicKey)).digest('hex');
}

/** The subject's alternative names. Modern clients accept no other names. */
function domainNames(leaf: X509Certificate): readonly string[] {
  return [...(leaf.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map(([, name = '']) => name.toLowerCase());
}
