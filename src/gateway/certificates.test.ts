import { expect, test } from 'vitest';
import { inventedWords } from '../provider/testing/invented.ts';
import { apiFinding } from '../status/api-findings.ts';
import { GOLDEN_PROTOCOLS, loadCases } from '../testing/golden.ts';
import type { GatewayInput } from './input.ts';
import { certificateSecrets } from './references.ts';
import { translate } from './translate.ts';

const arn = 'arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555';

function goldenInput(name: string): GatewayInput {
  const [input] = loadCases('certificates').find((each) => each.name.endsWith(name))?.inputs ?? [];
  if (input === undefined) throw new Error(`Expected a golden case ${name}`);
  return input;
}

/** A golden case, as it is once its Secrets had been imported before they went bad. */
function translated(name: string) {
  const input = goldenInput(name);
  const imported: GatewayInput['imported'] = new Map(certificateSecrets(input.gateway).map((secret) => [secret, arn]));
  return translate({ ...input, imported }, GOLDEN_PROTOCOLS);
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
  expect(servedCertificates(result)).toContainEqual(expect.objectContaining({ kind: 'last', reference: arn }));
  const told = result.problems.find((problem) => problem.kind === kind);
  expect(told).toMatchObject({ stillServed: true });
  const words = told !== undefined && 'stillServed' in told && apiFinding(told, inventedWords).words;
  expect(words).toMatch(/The certificate that was imported from it before still serves\.$/);
});

test('a revoked grant takes the certificate away, imported or not', () => {
  expect(servedCertificates(translated('/without-grant'))).toEqual([]);
});
