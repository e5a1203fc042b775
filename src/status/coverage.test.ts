// Every kind of the Gateway API's problems reaches the user.
import { expect, test } from 'vitest';
import { awsFinding } from '../aws/findings.ts';
import type { Problem } from '../gateway/problem.ts';
import { type Coverage, conditionsFor, goldenKinds, notProgrammed, samplesOf } from '../testing/coverage.ts';

const coverage: Coverage<Problem['kind']> = {
  'parameters-kind-unknown': 'golden',
  'parameters-not-found': 'golden',
  'parameters-invalid': 'golden',
  'gateway-unreadable': 'golden',
  'address-unsupported': 'golden',
  'gateway-tls-unsupported': 'golden',
  'listener-set-not-allowed': 'golden',
  'listener-set-unreadable': 'golden',
  'listener-protocol-unsupported': 'golden',
  'listener-protocol-conflict': 'golden',
  'listener-hostname-conflict': 'golden',
  'route-kind-unsupported': 'golden',
  'route-kinds-elsewhere': 'golden',
  'tls-mode-unsupported': 'golden',
  'tls-missing': 'golden',
  'tls-overlap': 'golden',
  'certificate-kind-unsupported': 'golden',
  'certificate-not-permitted': 'golden',
  'certificate-not-found': 'golden',
  'certificate-malformed': 'golden',
  'certificate-key-mismatch': 'golden',
  'certificate-expired': 'golden',
  'certificate-not-yet-valid': 'golden',
  'certificate-algorithm-unsupported': 'golden',
  'route-unreadable': 'golden',
  'parent-not-matching': 'golden',
  'route-not-allowed': 'golden',
  'hostname-not-matching': 'golden',
  'route-waits': 'golden',
  'backend-kind-unknown': 'golden',
  'backend-not-permitted': 'golden',
  'backend-not-found': 'golden',
  'backend-port-missing': 'golden',
  'backend-port-not-found': 'golden',
  'backend-protocol-unsupported': 'golden',
  'backend-tls-unsupported': 'golden',
  'backend-tls-invalid': 'golden',
  'backend-transport-mismatch': 'golden',
  'backend-external-name': 'golden',
  'filter-unsupported': 'golden',
  'cors-malformed': 'golden',
  'filters-incompatible': 'golden',
  'rule-field-unsupported': 'golden',
  'redirect-status-unsupported': 'golden',
  'redirect-unsupported': 'golden',
  'rewrite-unsupported': 'golden',
  'policy-unreadable': 'golden',
  'policy-conflicted': 'golden',
  'policy-target-not-found': 'golden',
  'policy-authorities-unknown': 'golden',
  'policy-without-authority': 'golden',
  'policy-authority-kind-unsupported': 'golden',
  'policy-authority-not-found': 'golden',
  'policy-authority-malformed': 'golden',
  'policy-unsupported': 'golden',
  'clients-authority-kind-unsupported': 'golden',
  'clients-authority-malformed': 'golden',
  'clients-authority-not-found': 'golden',
  'clients-authority-not-permitted': 'golden',
  'clients-not-checked': 'golden',
  'clients-without-authority': 'golden',
  'kinds-missing': { problem: { kinds: ['HTTPRoute'] }, reportedBy: notProgrammed('Pending') },
};

test('every kind of problem that must be in a golden case is in one', async () => {
  const { found, wanted } = await goldenKinds(coverage);
  expect(found).toEqual(wanted);
});

test.each(samplesOf(coverage))('$kind is reported by $reportedBy', ({ problem, reportedBy }) => {
  const { words } = awsFinding(problem);
  expect(words).toMatch(/^\S.*\.$/);
  expect(words).not.toMatch(/undefined|\[object/);
  expect(conditionsFor(problem).flatMap(([name, message]) => (message.includes(words) ? [name] : []))).toEqual(
    reportedBy,
  );
});
