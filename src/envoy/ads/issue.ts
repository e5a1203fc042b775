// Makes X.509 certificates with ECDSA on P-256: authorities, and server certificates that they sign. A library for this
// costs each replica 11 MiB of memory.
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';

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

interface Content {
  readonly subject: string;
  readonly issuer: string;
  readonly validity: Validity;
  readonly extensions: readonly Buffer[];
}

/** A self-signed certificate that may sign others. The date in its name tells the authorities apart. */
export function makeAuthority(name: string, validity: Validity): KeyPair {
  const keys = generateKeys();
  const subject = `${name} ${new Date(validity.from).toISOString()}`;
  const extensions = [
    // It signs no other authority. Bits 5 and 6: keyCertSign, cRLSign.
    extension(oid.basicConstraints, sequence(der(tag.boolean, Buffer.from([0xff])), integer(Buffer.from([0])))),
    extension(oid.keyUsage, bitString(Buffer.from([0b0000_0110]), 1)),
  ];
  return certify(keys, keys.privateKey, { subject, issuer: subject, validity, extensions });
}

/** A certificate for a server that clients call by this DNS name. */
export function issueServerCertificate(authority: KeyPair, name: string, validity: Validity): KeyPair {
  const issuer = new X509Certificate(authority.certificate).subject.replace(/^CN=/, '');
  const extensions = [
    // Bit 0: digitalSignature.
    extension(oid.keyUsage, bitString(Buffer.from([0b1000_0000]), 7)),
    extension(oid.extendedKeyUsage, sequence(oid.serverAuth)),
    extension(oid.subjectAlternativeName, sequence(der(tag.dnsName, Buffer.from(name)))),
  ];
  return certify(generateKeys(), createPrivateKey(authority.key), { subject: name, issuer, validity, extensions });
}

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const generateKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' });

function certify({ publicKey, privateKey }: Keys, signingKey: KeyObject, content: Content): KeyPair {
  const { subject, issuer, validity, extensions } = content;
  const algorithm = sequence(oid.ecdsaWithSha256);
  const signed = sequence(
    der(tag.version, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    commonName(issuer),
    sequence(time(validity.from), time(validity.until)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(tag.extensions, sequence(...extensions)),
  );
  const encoded = sequence(signed, algorithm, bitString(sign('sha256', signed, signingKey), 0));
  return {
    certificate: new X509Certificate(encoded).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** A positive number of 16 bytes. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  dnsName: 0x82,
  version: 0xa0,
  extensions: 0xa3,
} as const;

function der(type: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  // Long lengths have their number of bytes first. No certificate of ours has 64 KiB.
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...size]), content]);
}

const identifier = (hex: string): Buffer => der(tag.objectIdentifier, Buffer.from(hex, 'hex'));

const oid = {
  ecdsaWithSha256: identifier('2a8648ce3d040302'),
  commonName: identifier('550403'),
  keyUsage: identifier('551d0f'),
  subjectAlternativeName: identifier('551d11'),
  basicConstraints: identifier('551d13'),
  extendedKeyUsage: identifier('551d25'),
  serverAuth: identifier('2b06010505070301'),
} as const;

const sequence = (...parts: readonly Buffer[]): Buffer => der(tag.sequence, ...parts);

const integer = (bytes: Buffer): Buffer => der(tag.integer, bytes);

/** @param unused how many of the last byte's bits do not count */
const bitString = (bytes: Buffer, unused: number): Buffer => der(tag.bitString, Buffer.from([unused]), bytes);

/** Critical: a client that does not know the extension refuses the certificate. All clients know these. */
const extension = (type: Buffer, value: Buffer): Buffer =>
  sequence(type, der(tag.boolean, Buffer.from([0xff])), der(tag.octetString, value));

const commonName = (name: string): Buffer =>
  sequence(der(tag.set, sequence(oid.commonName, der(tag.utf8String, Buffer.from(name)))));

/** Years from 2050 on have four digits. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return digits < '2050'
    ? der(tag.utcTime, Buffer.from(digits.slice(2)))
    : der(tag.generalizedTime, Buffer.from(digits));
}
