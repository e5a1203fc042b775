import { expect, test } from 'vitest';
import type { Condition } from '../kube/object.ts';
import { objectKey } from '../kube/object.ts';
import { ofRule } from '../provider/finding.ts';
import { isAccepted, routeConditions } from './route-status.ts';

const route = { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: 'web' }) } as const;
const attachment = { route, parentRef: { name: 'gw' }, generation: 2, listeners: ['http'], rules: 1 };
const place = { route, rule: 0, field: 'matches' };
const findings = [
  ofRule({ ...place, kind: 'lamp-too-large' }, 'There is no room for the change.', { kind: 'kept' }),
  ofRule({ ...place, kind: 'lamp-green' }, 'It can not shine green.', { kind: 'dropped', reason: 'UnsupportedValue' }),
];
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

test('a route whose earlier version is served stays accepted with the generation of that version, and says why', () => {
  expect(routeConditions(attachment, findings, '', before)).toMatchObject([
    { type: 'Accepted', status: 'True', observedGeneration: 1 },
    { type: 'ResolvedRefs', status: 'True' },
    {
      type: 'PartiallyInvalid',
      status: 'True',
      message: expect.stringMatching(/^Fall Back: spec\.rules\[0\]\.matches: /),
    },
  ]);
  expect(isAccepted(attachment, findings)).toBe(true);
});
