// Reads certificates and keys, and describes them like ACM.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { validation } from './errors.ts';
import type { KeyAlgorithm, X509Details } from './state.ts';

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The one certificate of the Certificate field. */
export function readLeaf(pem: string): X509Certificate {
  const blocks = pem.match(certificateBlock) ?? [];
  if (blocks.length > 1) {
    throw validation(
      'The certificate field contains more than one certificate. You can specify only one certificate in this field.',
    );
  }
  const [leaf] = blocks;
  if (leaf === undefined)
    throw validation('Unable to parse certificate. Please ensure the certificate is in PEM format.');
  return parseBlock(leaf, 'Unable to parse certificate. Please ensure the certificate is in PEM format.');
}

/** The certificates of the CertificateChain field, in order. No other PEM block may be between them. */
export function readChain(pem: string): X509Certificate[] {
  const message = 'Unable to parse certificate chain. Please ensure the chain is in PEM format.';
  const blocks = pem.match(certificateBlock) ?? [];
  if (blocks.length === 0 || blocks.length !== (pem.match(/-----BEGIN /g) ?? []).length) throw validation(message);
  return blocks.map((block) => parseBlock(block, message));
}

function parseBlock(block: string, message: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch {
    throw validation(message);
  }
}

/** The key of the PrivateKey field; it must not be encrypted. Errors do not show the key. */
export function readPrivateKey(pem: string): KeyObject {
  if (/ENCRYPTED/.test(pem)) throw validation('The private key must not be encrypted.');
  try {
    return createPrivateKey(pem.replace(/-----BEGIN EC PARAMETERS-----[^-]*-----END EC PARAMETERS-----\s*/g, ''));
  } catch {
    throw validation('The private key is not supported. Please ensure that it is in PEM format.');
  }
}

const curves: Readonly<Record<string, KeyAlgorithm>> = {
  prime256v1: 'EC_prime256v1',
  secp384r1: 'EC_secp384r1',
  secp521r1: 'EC_secp521r1',
};

const rsaSizes: Readonly<Record<number, KeyAlgorithm>> = {
  1024: 'RSA_1024',
  2048: 'RSA_2048',
  3072: 'RSA_3072',
  4096: 'RSA_4096',
};

/** docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html; undefined if ACM does not accept the key. */
export function keyAlgorithmOf(key: KeyObject): KeyAlgorithm | undefined {
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return rsaSizes[details.modulusLength ?? 0];
  if (key.asymmetricKeyType === 'ec') return curves[details.namedCurve ?? ''];
  return undefined;
}

const extendedKeyUsageNames: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'TLS_WEB_SERVER_AUTHENTICATION',
  '1.3.6.1.5.5.7.3.2': 'TLS_WEB_CLIENT_AUTHENTICATION',
  '1.3.6.1.5.5.7.3.3': 'CODE_SIGNING',
  '1.3.6.1.5.5.7.3.4': 'EMAIL_PROTECTION',
  '1.3.6.1.5.5.7.3.8': 'TIME_STAMPING',
  '1.3.6.1.5.5.7.3.9': 'OCSP_SIGNING',
  '2.5.29.37.0': 'ANY',
};

export function detailsOf(certificate: X509Certificate): X509Details {
  return {
    serial: (certificate.serialNumber.toLowerCase().match(/../g) ?? []).join(':'),
    subject: certificate.subject?.split('\n').join(', ') ?? '',
    issuer: nameField(certificate.issuer, 'O') ?? nameField(certificate.issuer, 'CN') ?? '',
    signatureAlgorithm: signatureAlgorithm(certificate),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    extendedKeyUsages: (certificate.keyUsage ?? []).map((oid) => ({
      name: extendedKeyUsageNames[oid] ?? 'CUSTOM',
      oid,
    })),
  };
}

/** OpenSSL's sha256WithRSAEncryption or ecdsa-with-SHA256 in ACM's form, such as SHA256WITHRSA. */
function signatureAlgorithm(certificate: X509Certificate): string {
  const named = certificate.signatureAlgorithm ?? '';
  const ecdsa = /^ecdsa-with-(\w+)$/i.exec(named);
  return (ecdsa ? `${ecdsa[1]}WITHECDSA` : named.replace(/Encryption$/, '')).toUpperCase();
}

/** The domain name (the common name, else the first alternative name), and all names with it. */
export function domainsOf(certificate: X509Certificate): {
  readonly domainName: string;
  readonly names: readonly string[];
} {
  const alternatives = [...(certificate.subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].flatMap(
    ([, name]) => name ?? [],
  );
  const domainName = nameField(certificate.subject, 'CN') ?? alternatives[0] ?? '';
  return { domainName, names: [...new Set([...(domainName === '' ? [] : [domainName]), ...alternatives])] };
}

function nameField(name: string | undefined, field: string): string | undefined {
  const line = (name ?? '').split('\n').find((candidate) => candidate.startsWith(`${field}=`));
  return line?.slice(field.length + 1);
}

/**
 * Whether each certificate of the chain certifies the previous one. A self-signed certificate needs no chain; then the chain
 * is ignored.
 */
export function isChainInOrder(leaf: X509Certificate, chain: readonly X509Certificate[]): boolean {
  if (isIssuedBy(leaf, leaf)) return true;
  return chain.every((issuer, index) => isIssuedBy(index === 0 ? leaf : (chain[index - 1] ?? leaf), issuer));
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.issuer === issuer.subject && certificate.verify(issuer.publicKey);
}
