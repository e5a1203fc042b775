import { type KeyObject, sign } from 'node:crypto';
import { bits, integer, nothing, octets, oid, sequence, set, tagged, utcTime, utf8, yes } from './der.ts';

export interface CertificateSpec {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly publicKey: KeyObject;
  readonly issuer: { readonly commonName: string; readonly privateKey: KeyObject };
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Hexadecimal digits, an even number; the first is below 8. */
  readonly serial: string;
  /** The purpose; default: `server`. */
  readonly usage?: Usage;
}

type Usage = 'server' | 'client' | 'authority';

/** A certificate in PEM, signed with SHA-256. RFC 5280, section 4.1. */
export function issueCertificate(spec: CertificateSpec): string {
  const { publicKey, issuer } = spec;
  const signedWith =
    issuer.privateKey.asymmetricKeyType === 'rsa'
      ? sequence(oid('1.2.840.113549.1.1.11'), nothing())
      : sequence(oid('1.2.840.10045.4.3.2'));
  const content = sequence(
    tagged(0xa0, integer('02')),
    integer(spec.serial),
    signedWith,
    name(issuer.commonName),
    sequence(utcTime(spec.notBefore), utcTime(spec.notAfter)),
    name(spec.commonName),
    publicKey.export({ format: 'der', type: 'spki' }),
    tagged(0xa3, extensions(spec.dnsNames, spec.usage ?? 'server')),
  );
  return pem(sequence(content, signedWith, bits(sign('sha256', content, issuer.privateKey))));
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8(commonName))));
}

function extensions(dnsNames: readonly string[], usage: Usage): Buffer {
  const names = dnsNames.map((dnsName) => tagged(0x82, Buffer.from(dnsName)));
  return sequence(
    ...(names.length === 0 ? [] : [sequence(oid('2.5.29.17'), octets(sequence(...names)))]),
    usageExtension(usage),
  );
}

function usageExtension(usage: Usage): Buffer {
  switch (usage) {
    case 'server':
      return sequence(oid('2.5.29.37'), octets(sequence(oid('1.3.6.1.5.5.7.3.1'))));
    case 'client':
      return sequence(oid('2.5.29.37'), octets(sequence(oid('1.3.6.1.5.5.7.3.2'))));
    case 'authority':
      return sequence(oid('2.5.29.19'), yes(), octets(sequence(yes())));
  }
  return usage satisfies never;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
