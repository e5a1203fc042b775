// A certificate authority for client certificates, with its revocations.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { bits, integer, oid, sequence, set, utcTime, utf8 } from '../acm/der.ts';
import { issueCertificate } from '../acm/issue.ts';
import type { Embedded } from './embedded.ts';

const days = (count: number): Date => new Date(Date.now() + count * 86_400_000);

/** Options for TLS. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

export class Authority {
  readonly pem: string;
  readonly #name: string;
  readonly #key: KeyObject;

  /** A root authority, or with `above` an intermediate authority. */
  constructor(name: string, above?: Authority) {
    const { publicKey, privateKey } = newKeys();
    this.#name = name;
    this.#key = privateKey;
    this.pem = (above ?? this).#issue(name, publicKey, { usage: 'authority' });
  }

  /** A client's certificate, valid for this many days. */
  client(commonName: string, { serial = '1f', lastsDays = 1 } = {}): Credentials {
    const { publicKey, privateKey } = newKeys();
    const cert = this.#issue(commonName, publicKey, { usage: 'client', serial, notAfter: days(lastsDays) });
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }

  #issue(commonName: string, publicKey: KeyObject, more: Partial<Parameters<typeof issueCertificate>[0]>): string {
    const issuer = { commonName: this.#name, privateKey: this.#key };
    const times = { notBefore: days(-10), notAfter: days(10) };
    return issueCertificate({ commonName, dnsNames: [], publicKey, issuer, serial: '01', ...times, ...more });
  }

  /** A revocation list in PEM. RFC 5280, section 5.1. */
  revoking(...serials: readonly string[]): string {
    const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
    const issuer = sequence(set(sequence(oid('2.5.4.3'), utf8(this.#name))));
    const entries = serials.map((serial) => sequence(integer(serial), utcTime(days(-1))));
    const content = sequence(
      integer('01'),
      algorithm,
      issuer,
      utcTime(days(-1)),
      utcTime(days(1)),
      sequence(...entries),
    );
    const list = sequence(content, algorithm, bits(sign('sha256', content, this.#key)));
    return ['-----BEGIN X509 CRL-----', list.toString('base64'), '-----END X509 CRL-----', ''].join('\n');
  }
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

export async function putObject(aws: Embedded, key: string, body: string): Promise<void> {
  const { status } = await fetch(`${aws.aws.url}/_aws/s3/certificates/${key}`, { method: 'PUT', body });
  if (status !== 200) throw new Error(`Expected ${key} to be taken, got ${status}`);
}
