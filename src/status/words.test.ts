import { expect, test } from 'vitest';
import type { ParentReference } from '../api/gateway-api.ts';
import type { Problem } from '../gateway/problem.ts';
import { objectKey } from '../kube/object.ts';
import { inventedWords } from '../provider/testing/invented.ts';
import { apiFinding } from './api-findings.ts';
import { quoted } from './phrases.ts';
import { messageOf } from './words.ts';

const route = { kind: 'HTTPRoute', key: objectKey({ namespace: 'team', name: 'site' }) } as const;
const parentRef: ParentReference = { kind: 'ListenerSet', name: 'more' };

test.each<readonly [Problem, string]>([
  [
    { kind: 'route-not-allowed', route, parentRef, listeners: ['infra/more/http'] },
    'allowedRoutes of "http" does not admit HTTPRoutes of this namespace. Ask the ListenerSet\'s owner',
  ],
  [
    { kind: 'hostname-not-matching', route, parentRef, listeners: ['infra/more/http'] },
    'no hostname of the route overlaps with that of "http".',
  ],
  [
    { kind: 'parent-not-matching', route, parentRef: { ...parentRef, sectionName: 'tls' }, available: ['http'] },
    'no listener matches the parentRef ListenerSet "more", sectionName "tls".',
  ],
  [
    {
      kind: 'certificate-not-permitted',
      listener: 'team/more/https',
      field: 'tls.certificateRefs[0]',
      secret: objectKey({ namespace: 'certs', name: 'one' }),
    },
    'spec.listeners["https"].tls.certificateRefs[0]: Secret certs/one is in another namespace, and no ReferenceGrant there allows ListenerSets of this namespace',
  ],
])('what is wrong with a ListenerSet is described in its own terms: $0.kind', (problem, words) => {
  expect(apiFinding(problem, inventedWords).words).toContain(words);
});

test('if there are too many problems to read, the message has the first ones and counts the others', () => {
  const problems = Array.from({ length: 500 }, (_, rule) =>
    apiFinding({ kind: 'rule-field-unsupported', route, rule, field: 'retry' }, inventedWords),
  );
  const text = messageOf(problems);
  expect(text).toMatch(/^spec\.rules\[0\]\.retry: .* There are 4\d\d more\.$/);
  expect(text.length).toBeLessThan(2048);
  expect(messageOf(problems.slice(0, 2))).not.toContain('more');
});

test('if there are too many names to read, the message has the first ones and counts the others', () => {
  const names = Array.from({ length: 64 }, (_, index) => `l${index}`);
  expect(quoted(names)).toMatch(/^"l0", .*, "l9" and 54 more$/);
});
