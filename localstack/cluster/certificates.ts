// The cluster's own certificate authority.
// oxlint-disable-next-line import/no-unassigned-import -- it has to run before @peculiar/x509 does
import '../../src/envoy/ads/reflect-metadata.ts';

import { webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const yearMs = 365 * 24 * 3600 * 1000;

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateAuthority {
  readonly certificate: string;
  /** A client certificate; the API server reads the user from its CN and the groups from its O. */
  issueClient(user: string, groups: readonly string[]): Promise<KeyPair>;
  /** A server certificate for these DNS names and IP addresses. */
  issueServer(names: readonly string[], addresses: readonly string[]): Promise<KeyPair>;
}

/** The authority in `folder`. If there is none, it is created with its key. */
export async function openAuthority(folder: string): Promise<CertificateAuthority> {
  const { certificate, key } = await kept(folder, 'ca', createAuthority);
  const issuer = new X509Certificate(certificate);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(key), algorithm, false, [
    'sign',
  ]);

  const issue = async (subject: JsonName, extensions: readonly Extension[]): Promise<KeyPair> => {
    const keys = await generateKeys();
    const issued = await X509CertificateGenerator.create({
      subject,
      issuer: issuer.subject,
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      ...validity(),
      extensions: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true), ...extensions],
    });
    return { certificate: issued.toString('pem'), key: await privateKeyPem(keys) };
  };

  return {
    certificate,
    issueClient: (user, groups) =>
      issue(
        [...groups.map((group) => ({ O: [group] })), { CN: [user] }],
        [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
      ),
    issueServer: (names, addresses) =>
      issue(
        [{ CN: ['kube-apiserver'] }],
        [
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension([
            ...names.map((value) => ({ type: 'dns', value }) as const),
            ...addresses.map((value) => ({ type: 'ip', value }) as const),
          ]),
        ],
      ),
  };
}

/** The key pair `NAME.crt`, `NAME.key` of a folder. If there is none, `make` creates it. */
async function kept(folder: string, name: string, make: () => Promise<KeyPair>): Promise<KeyPair> {
  const paths = keyPairPaths(folder, name);
  // The certificate is written last, so if it exists, the key exists too.
  if (existsSync(paths.certificate))
    return { certificate: await readFile(paths.certificate, 'utf8'), key: await readFile(paths.key, 'utf8') };
  const pair = await make();
  await writeKeyPair(folder, name, pair);
  return pair;
}

/** Writes `NAME.crt` and `NAME.key` (readable only by the owner) and returns their paths. */
export async function writeKeyPair(folder: string, name: string, pair: KeyPair): Promise<KeyPair> {
  await mkdir(folder, { recursive: true });
  const paths = keyPairPaths(folder, name);
  await writeFile(paths.key, pair.key, { mode: 0o600 });
  await writeFile(paths.certificate, pair.certificate);
  return paths;
}

const keyPairPaths = (folder: string, name: string): KeyPair => ({
  certificate: join(folder, `${name}.crt`),
  key: join(folder, `${name}.key`),
});

async function createAuthority(): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=gatehouse-localstack-ca',
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await privateKeyPem(keys) };
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
}

/** Valid from an hour ago, because clocks may differ, for ten years, longer than any local cluster. */
const validity = (): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(Date.now() - 3600 * 1000),
  notAfter: new Date(Date.now() + 10 * yearMs),
});
