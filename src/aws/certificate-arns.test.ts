import { expect, test } from 'vitest';
import type { CertificateOwner } from '../gateway/input.ts';
import { objectKey } from '../kube/object.ts';
import { GOLDEN_DEFAULTS, loadCases } from '../testing/golden.ts';
import { certificateArns } from './certificate-arns.ts';
import { translateForAws } from './translation.ts';

const secret = (namespace: string): CertificateOwner => ({
  kind: 'secret',
  secret: objectKey({ namespace, name: 'tls' }),
});
const unknown = (isServed: boolean): CertificateOwner => ({ kind: 'unknown', detail: 'Throttling', isServed });

/** A Gateway of namespace shop that names certificates by ARN, of which all are known to be `owner`'s. */
function named(owner: CertificateOwner) {
  const [input] = loadCases('certificates').find((each) => each.name.endsWith('/arn'))?.inputs ?? [];
  if (input === undefined) throw new Error('Expected the golden case certificates/arn');
  const certificateOwners = new Map(certificateArns(input.gateway).map((each) => [each, owner]));
  const result = translateForAws({ ...input, certificateOwners }, GOLDEN_DEFAULTS);
  const served = result.topology?.ports.flatMap(({ listeners }) =>
    listeners.flatMap(({ certificates }) => certificates),
  );
  const arns = served?.filter(({ kind }) => kind === 'external') ?? [];
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
