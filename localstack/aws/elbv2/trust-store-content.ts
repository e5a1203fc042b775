// The content of trust stores: bundles of certificates and revocation lists, in PEM.
import { X509Certificate } from 'node:crypto';
import { children, read } from '../acm/der-reader.ts';
import { AwsError } from '../service.ts';

const block = /^-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----$/gm;

/**
 * Comments begin with # and have no hyphen. Blank lines are not allowed.
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html#mtls-for-awareness
 */
export function readBundle(pem: string): readonly X509Certificate[] {
  const text = pem.replaceAll('\r\n', '\n').replace(/\n$/, '');
  const blocks = text.match(block) ?? [];
  const rest = text.replaceAll(block, '').split('\n');
  const isClean = rest.every((line) => line === '' || /^#[^-]*$/.test(line)) && !text.split('\n').includes('');
  try {
    if (blocks.length > 0 && isClean) return blocks.map((each) => new X509Certificate(each));
  } catch {
    // The PEM block is not a certificate.
  }
  throw new AwsError('InvalidCaCertificatesBundle', 'The specified ca certificate bundle is in an invalid format');
}

export interface RevocationList {
  /** The DER of the issuer's name. */
  readonly issuer: string;
  /** Serial numbers, in upper-case hexadecimal. */
  readonly serials: readonly string[];
}

/** A list in PEM. RFC 5280, section 5.1. */
export function readRevocations(pem: string): RevocationList {
  const [, base64] = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/.exec(pem) ?? [];
  try {
    const [list] = children(read(Buffer.from(base64 ?? '', 'base64')).content);
    const fields = children(list?.content ?? Buffer.alloc(0));
    // Optional: the version, and after the two times the next update and the revoked certificates.
    const [, issuer, ...times] = fields.filter(({ tag }, index) => index > 0 || tag !== 0x02);
    const revoked = times.find(({ tag }) => tag === 0x30);
    if (issuer?.tag !== 0x30) throw new Error('Expected the name of an issuer');
    return {
      issuer: issuer.whole.toString('hex'),
      serials: revoked ? children(revoked.content).flatMap(({ content }) => serialOf(content)) : [],
    };
  } catch {
    throw new AwsError(
      'InvalidRevocationContent',
      'The provided revocation file is an invalid format, or uses an incorrect algorithm',
    );
  }
}

function serialOf(entry: Buffer): string | readonly never[] {
  const [serial] = children(entry);
  return serial?.tag === 0x02 ? serialText(serial.content) : [];
}

/** A serial number in X509Certificate's format. */
const serialText = (integer: Buffer): string => {
  const hex = integer.toString('hex').replace(/^00(?=.)/, '');
  return hex.toUpperCase();
};

/** The DER of a certificate's issuer name. RFC 5280, section 4.1. */
export function issuerOf({ raw }: X509Certificate): string {
  const [content] = children(read(raw).content);
  const fields = children(content?.content ?? Buffer.alloc(0));
  // Version (optional), serial number, signature, issuer.
  return fields[fields[0]?.tag === 0xa0 ? 3 : 2]?.whole.toString('hex') ?? '';
}
