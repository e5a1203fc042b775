// Certificates as every load balancer can read them. OpenSSL reads more than RFC 5280 allows, and BoringSSL refuses the rest.
import { X509Certificate } from 'node:crypto';

/** The PEM blocks that are checked. Only these may be imported. */
export const certificateBlocks = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** @returns undefined if the block cannot be read, or has a form that RFC 5280 does not allow */
export function readX509(block: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(block);
    return hasKnownForm(certificate.raw) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

const VERSION_2 = '020101';
const VERSION_3 = '020102';

/** Only version 3 has extensions. Version 1 is never written. */
function hasKnownForm(raw: Buffer): boolean {
  const [certificate] = elements(raw);
  const [signed] = elements(certificate?.content ?? raw);
  const fields = elements(signed?.content ?? raw);
  const [first] = fields;
  const version = first?.tag === 0xa0 ? first.content.toString('hex') : undefined;
  if (version === VERSION_3) return true;
  const hasOptions = fields.some(({ tag }, index) => index > 0 && isOption(tag));
  return (version === undefined || version === VERSION_2) && !hasOptions;
}

/** Tags that are numbers: of unique identifiers and of extensions. */
const isOption = (tag: number): boolean => tag >= 0x80;

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** The DER elements one after another. Throws on what is no DER. */
function elements(der: Buffer): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at < der.length; ) {
    const tag = der.readUInt8(at);
    const short = der.readUInt8(at + 1);
    const more = short < 0x80 ? 0 : short - 0x80;
    const length = more === 0 ? short : der.readUIntBE(at + 2, more);
    const start = at + 2 + more;
    found.push({ tag, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
