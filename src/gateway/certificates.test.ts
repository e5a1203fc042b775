import { expect, test } from 'vitest';
import { GOLDEN_CAPABILITIES, GOLDEN_DEFAULTS, loadCases } from '../testing/golden.ts';
import type { GatewayInput } from './input.ts';
import { certificateSecrets } from './references.ts';
import { translate } from './translate.ts';

const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555';

/** A golden case, as it is once its Secrets had been imported before they went bad. */
function translated(name: string) {
  const [input] = loadCases('certificates').find((each) => each.name.endsWith(name))?.inputs ?? [];
  if (input === undefined) throw new Error(`Expected a golden case ${name}`);
  const imported: GatewayInput['imported'] = new Map(certificateSecrets(input.gateway).map((secret) => [secret, arn]));
  return translate({ ...input, imported }, GOLDEN_CAPABILITIES, GOLDEN_DEFAULTS);
}

const servedCertificates = ({ topology }: ReturnType<typeof translated>) =>
  topology?.ports.flatMap(({ listeners }) => listeners.flatMap(({ certificates }) => certificates));

test.each([
  ['/expired', 'certificate-expired'],
  ['/not-found', 'certificate-not-found'],
  ['/malformed', 'certificate-malformed'],
  ['/key-mismatch', 'certificate-key-mismatch'],
])('a listener whose Secret went bad (%s) serves on what was imported last, and says so', (name, kind) => {
  const result = translated(name);
  expect(servedCertificates(result)).toContainEqual({ kind: 'arn', arn });
  expect(result.problems.map((problem) => problem.kind)).toContain(kind);
});

test('a revoked grant takes the certificate away, imported or not', () => {
  expect(servedCertificates(translated('/without-grant'))).toEqual([]);
});
