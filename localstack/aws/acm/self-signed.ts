// The content of a requested certificate. It is self-signed.

import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { issueCertificate } from './issue.ts';
import type { Material } from './state.ts';

export type RequestableKey = 'RSA_2048' | 'EC_prime256v1' | 'EC_secp384r1';

const validityMs = 198 * 86_400_000;
const generate = promisify(generateKeyPair);

/** @param now milliseconds since the epoch, when it becomes valid. @param names the first is the common name. */
export async function selfSigned(
  names: readonly string[],
  algorithm: RequestableKey,
  now: number,
  serial: string,
): Promise<Material> {
  const { publicKey, privateKey } = await generateKeys(algorithm);
  const commonName = names[0] ?? '';
  const certificatePem = issueCertificate({
    commonName,
    dnsNames: names,
    publicKey,
    issuer: { commonName, privateKey },
    notBefore: new Date(now),
    notAfter: new Date(now + validityMs),
    serial,
  });
  return { certificatePem, chainPem: undefined, privateKey };
}

function generateKeys(algorithm: RequestableKey): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  switch (algorithm) {
    case 'RSA_2048':
      return generate('rsa', { modulusLength: 2048 });
    case 'EC_prime256v1':
      return generate('ec', { namedCurve: 'prime256v1' });
    case 'EC_secp384r1':
      return generate('ec', { namedCurve: 'secp384r1' });
    default:
      return algorithm satisfies never;
  }
}
