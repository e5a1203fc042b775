// Makes X.509 certificates with ECDSA on P-256: authorities, and server certificates that they sign.
// oxlint-disable-next-line import/no-unassigned-import -- it has to run before @peculiar/x509 does
import './reflect-metadata.ts';

import { webcrypto } from 'node:crypto';
import type { Extension } from '@peculiar/x509';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** In milliseconds since 1970. */
interface Validity {
  readonly from: number;
  readonly until: number;
}

/** Loaded on demand, because the library takes 11 MiB of memory. */
const load = () => import('@peculiar/x509');

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A self-signed certificate that may sign others. The date in its name tells the authorities apart. */
export async function makeAuthority(name: string, validity: Validity): Promise<KeyPair> {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } = await load();
  const keys = await generateKeys();
  const subject = `${name} ${new Date(validity.from).toISOString()}`;
  return certify(keys, keys.privateKey, { subject, issuer: subject, validity }, [
    // It signs no other authority.
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ]);
}

/** A certificate for a server that clients call by this DNS name. */
export async function issueServerCertificate(authority: KeyPair, name: string, validity: Validity): Promise<KeyPair> {
  const x509 = await load();
  const [issuer = ''] = new x509.X509Certificate(authority.certificate).subjectName.getField('CN');
  const pkcs8 = x509.PemConverter.decodeFirst(authority.key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  return certify(await generateKeys(), signingKey, { subject: name, issuer, validity }, [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], true),
    new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }], true),
  ]);
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

interface Content {
  readonly subject: string;
  readonly issuer: string;
  readonly validity: Validity;
}

async function certify(
  { publicKey, privateKey }: webcrypto.CryptoKeyPair,
  signingKey: webcrypto.CryptoKey,
  { subject, issuer, validity }: Content,
  extensions: readonly Extension[],
): Promise<KeyPair> {
  const { PemConverter, X509CertificateGenerator } = await load();
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [subject] }],
    issuer: [{ CN: [issuer] }],
    notBefore: new Date(validity.from),
    notAfter: new Date(validity.until),
    publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [...extensions],
  });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
  return { certificate: certificate.toString('pem'), key };
}
