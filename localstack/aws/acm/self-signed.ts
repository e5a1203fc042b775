// The certificate behind a requested one. No authority outside of this process has signed it.

import { generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { bits, integer, nothing, octets, oid, sequence, set, tagged, utcTime, utf8 } from './der.ts';
import type { Material } from './state.ts';

export type RequestableKey = 'RSA_2048' | 'EC_prime256v1' | 'EC_secp384r1';

const validityMs = 198 * 86_400_000;
const generate = promisify(generateKeyPair);

/**
 * Valid from `now`, milliseconds since the epoch, for names of which the first is the common name.
 * RFC 5280, section 4.1.
 * @param serial hexadecimal digits, an even number; the first is below 8.
 */
export async function selfSigned(
  names: readonly string[],
  algorithm: RequestableKey,
  now: number,
  serial: string,
): Promise<Material> {
  const { publicKey, privateKey } = await generateKeys(algorithm);
  const signedWith =
    algorithm === 'RSA_2048' ? sequence(oid('1.2.840.113549.1.1.11'), nothing()) : sequence(oid('1.2.840.10045.4.3.2'));
  const name = sequence(set(sequence(oid('2.5.4.3'), utf8(names[0] ?? ''))));
  const content = sequence(
    tagged(0xa0, integer('02')),
    integer(serial),
    signedWith,
    name,
    sequence(utcTime(new Date(now)), utcTime(new Date(now + validityMs))),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    tagged(0xa3, extensions(names)),
  );
  const certificate = sequence(content, signedWith, bits(sign('sha256', content, privateKey)));
  return { certificatePem: pem(certificate), chainPem: undefined, privateKey };
}

function extensions(names: readonly string[]): Buffer {
  const dnsNames = names.map((name) => tagged(0x82, Buffer.from(name)));
  const serverAuth = oid('1.3.6.1.5.5.7.3.1');
  return sequence(
    sequence(oid('2.5.29.17'), octets(sequence(...dnsNames))),
    sequence(oid('2.5.29.37'), octets(sequence(serverAuth))),
  );
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

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
