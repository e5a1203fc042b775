import { expect, test } from 'vitest';
import type { Condition } from '../kube/object.ts';
import { objectKey } from '../kube/object.ts';
import { isAccepted, routeConditions } from './route-status.ts';

const route = { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: 'web' }) } as const;
const attachment = { route, parentRef: { name: 'gw' }, generation: 2, listeners: ['http'], rules: 1 };
const place = { route, rule: 0, field: 'matches' };
const problems = [
  { ...place, kind: 'change-does-not-fit', lack: 'rules', limit: 100, held: 4, wanted: 171 },
  { ...place, kind: 'filter-unsupported', filter: 'CORS' },
] as const;
const before: readonly Condition[] = [
  {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: '',
    lastTransitionTime: '2026-11-23T12:00:00Z',
    observedGeneration: 1,
  },
];

test('a route that is served as it was before stays accepted, of the generation that serves, and says why', () => {
  expect(routeConditions(attachment, problems, before)).toMatchObject([
    { type: 'Accepted', status: 'True', observedGeneration: 1 },
    { type: 'ResolvedRefs', status: 'True' },
    {
      type: 'PartiallyInvalid',
      status: 'True',
      message: expect.stringMatching(/^Fall Back: spec\.rules\[0\]\.matches: /),
    },
  ]);
  expect(isAccepted(attachment, problems)).toBe(true);
});
