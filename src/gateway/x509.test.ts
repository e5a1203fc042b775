import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificateBlocks, readX509 } from './x509.ts';

const file = readFileSync(join(import.meta.dirname, 'testdata/certificates/shop.crt'), 'utf8');
const [block = ''] = file.match(certificateBlocks) ?? [];
const der = Buffer.from(block.replaceAll(/-----[^-]*-----/g, ''), 'base64');
const VERSION_3 = Buffer.from('a003020102', 'hex');

/** The certificate with another number in its version. */
function withVersion(number: number): string {
  const copy = Buffer.from(der);
  copy[copy.indexOf(VERSION_3) + 4] = number;
  return `-----BEGIN CERTIFICATE-----\n${copy.toString('base64')}\n-----END CERTIFICATE-----`;
}

test.each([0, 1, 3, 127])('a certificate with extensions and version number %i is refused', (number) => {
  expect(readX509(withVersion(number))).toBeUndefined();
});

test('a certificate of version 3 is read, and text that is none is not', () => {
  expect(readX509(withVersion(2))?.raw).toEqual(der);
  expect(readX509('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toBeUndefined();
});
