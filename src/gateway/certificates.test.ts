import { expect, test } from 'vitest';
import { objectKey } from '../kube/object.ts';
import { inventedWords } from '../provider/testing/invented.ts';
import { apiFinding } from '../status/api-findings.ts';
import { GOLDEN_PROTOCOLS, loadCases } from '../testing/golden.ts';
import type { CertificateOwner, GatewayInput } from './input.ts';
import { certificateArns, certificateSecrets } from './references.ts';
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
  expect(servedCertificates(result)).toContainEqual({ kind: 'arn', arn });
  const told = result.problems.find((problem) => problem.kind === kind);
  expect(told).toMatchObject({ stillServed: true });
  const words = told !== undefined && 'stillServed' in told && apiFinding(told, inventedWords).words;
  expect(words).toMatch(/The certificate that was imported from it before still serves\.$/);
});

test('a revoked grant takes the certificate away, imported or not', () => {
  expect(servedCertificates(translated('/without-grant'))).toEqual([]);
});

const secret = (namespace: string): CertificateOwner => ({
  kind: 'secret',
  secret: objectKey({ namespace, name: 'tls' }),
});
const unknown = (isServed: boolean): CertificateOwner => ({ kind: 'unknown', detail: 'Throttling', isServed });

/** A Gateway of namespace shop that names certificates by ARN, of which all are known to be `owner`'s. */
function named(owner: CertificateOwner) {
  const input = goldenInput('/arn');
  const certificateOwners = new Map(certificateArns(input.gateway).map((each) => [each, owner]));
  const result = translate({ ...input, certificateOwners }, GOLDEN_PROTOCOLS);
  const arns = servedCertificates(result)?.filter(({ kind }) => kind === 'arn') ?? [];
  return { served: arns.length > 0, problems: [...new Set(result.problems.map(({ kind }) => kind))] };
}

test.each<[string, CertificateOwner]>([
  ['nobody imported from a Secret', { kind: 'anyone' }],
  ['was imported from a Secret of its own namespace', secret('shop')],
  ['it serves already, while AWS does not say whose it is', unknown(true)],
])('a listener may name a certificate that %s', (_, owner) => {
  expect(named(owner)).toEqual({ served: true, problems: [] });
});

test.each<[string, CertificateOwner, string]>([
  ['was imported from a Secret that nobody granted it', secret('certs'), 'certificate-arn-not-permitted'],
  ['the Gatehouse of another cluster imported', { kind: 'another-cluster' }, 'certificate-arn-not-permitted'],
  ['ACM has not', { kind: 'absent' }, 'certificate-arn-not-found'],
  ['AWS does not say whose it is', unknown(false), 'certificate-arn-unknown'],
])('a listener that names a certificate that %s serves without it, and says so', (_, owner, kind) => {
  expect(named(owner)).toEqual({ served: false, problems: [kind] });
});
