import { expect, test } from 'vitest';
import type { ParentReference } from '../api/gateway-api.ts';
import type { Problem } from '../gateway/problem.ts';
import { objectKey } from '../kube/object.ts';
import { explain } from './words.ts';

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
    'spec.listeners["https"].tls.certificateRefs[0]: Secret certs/one lies in another namespace, and no ReferenceGrant there allows ListenerSets of this namespace',
  ],
])('what is wrong with a ListenerSet is told in its own names: $0.kind', (problem, words) => {
  expect(explain(problem)).toContain(words);
});
