import { expect, test } from 'vitest';
import { translate } from '../gateway/translate.ts';
import { GOLDEN_NOW, GOLDEN_PROTOCOLS, loadCases } from '../testing/golden.ts';
import { untilExpiry } from './expiry.ts';

function translated(name: string) {
  const input = loadCases(name.slice(0, name.indexOf('/'))).find((each) => each.name === name)?.inputs[0];
  if (input === undefined) throw new Error(`Expected a golden case ${name}`);
  return translate(input, GOLDEN_PROTOCOLS);
}

test('a Gateway is looked at again when a certificate of it expires, or after a day', () => {
  const withCertificate = translated('certificates/chain');
  const certificate = withCertificate.topology?.ports[0]?.listeners[0]?.certificates[0];
  const end = certificate?.kind === 'secret' ? Date.parse(certificate.certificate.notAfter) : Number.NaN;
  expect(untilExpiry(withCertificate, end - 5000)).toBe(6000);
  expect(untilExpiry(withCertificate, GOLDEN_NOW)).toBe(86_400_000);
  expect(untilExpiry(translated('basic/one-route'), GOLDEN_NOW)).toBeUndefined();
});
