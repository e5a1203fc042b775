import { expect, test } from 'vitest';
import type { ReferenceGrant } from '../api/gateway-api.ts';
import { isPermitted } from './grants.ts';

const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'shop' };
const to = { group: '', kind: 'Service', namespace: 'platform', name: 'api' };
type Spec = ReferenceGrant['spec'];
const grant = (spec: Spec, namespace = 'platform'): ReferenceGrant => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'ReferenceGrant',
  metadata: { name: 'grant', namespace },
  spec,
});
const spec: Spec = { from: [from], to: [{ group: '', kind: 'Service' }] };

test('within a namespace no grant is needed, across one is', () => {
  expect(isPermitted([], from, { ...to, namespace: 'shop' })).toBe(true);
  expect(isPermitted([], from, to)).toBe(false);
  expect(isPermitted([grant(spec)], from, to)).toBe(true);
});

test('a grant may name the referent, and one of several entries is enough', () => {
  const other = { group: '', kind: 'Service', name: 'other' };
  expect(isPermitted([grant({ ...spec, to: [other] })], from, to)).toBe(false);
  expect(isPermitted([grant({ ...spec, to: [other, { ...other, name: 'api' }] })], from, to)).toBe(true);
});

test.each<[string, ReferenceGrant]>([
  ['from another group', grant({ ...spec, from: [{ ...from, group: 'example.com' }] })],
  ['from another kind', grant({ ...spec, from: [{ ...from, kind: 'Gateway' }] })],
  ['from another namespace', grant({ ...spec, from: [{ ...from, namespace: 'team' }] })],
  ['to another group', grant({ ...spec, to: [{ group: 'example.com', kind: 'Service' }] })],
  ['to another kind', grant({ ...spec, to: [{ group: '', kind: 'Secret' }] })],
  ['in another namespace', grant(spec, 'shop')],
])('a grant %s permits nothing here', (_, other) => {
  expect(isPermitted([other], from, to)).toBe(false);
});
