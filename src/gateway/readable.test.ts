import { expect, test } from 'vitest';
import type { Gateway, HttpRoute, ListenerSet, ReferenceGrant } from '../api/gateway-api.ts';
import { readGateway, readListenerSet, readReferenceGrant, readRoute } from './readable.ts';

const apiVersion = 'gateway.networking.k8s.io/v1';
const metadata = { namespace: 'shop', name: 'site', generation: 1 };
const later = { ...metadata, generation: 2 };

/** As an API server gives it, whose CRDs know more than we do. */
const served = (object: object) => JSON.parse(JSON.stringify(object));

const route: HttpRoute = {
  apiVersion,
  kind: 'HTTPRoute',
  metadata,
  spec: { parentRefs: [{ name: 'web' }], hostnames: ['a.example.com'], rules: [{ matches: [{}] }] },
};
const strange: HttpRoute = served({
  ...route,
  metadata: later,
  spec: { parentRefs: [{ name: 'other' }, null], hostnames: ['b.example.com'], rules: [{ matches: [null] }] },
});
const fault = { field: 'spec.parentRefs[1]', detail: 'Invalid input: expected object, received null' };

test('of a route that can not be read any more, the version before it goes on, and its metadata is as it is now', () => {
  const read = readRoute(strange, route);
  expect(read).toEqual({ ...route, metadata: later, fault: { ...fault, isLast: true } });
  expect(readRoute(strange, read), 'at the next change too').toEqual(read);
  expect(readRoute(route, read)).toBe(route);
});

test('of a route of which no version could be read, it is known where it belongs', () => {
  const read = readRoute(strange, undefined);
  const spec = { parentRefs: [{ name: 'other' }], hostnames: ['b.example.com'], rules: [] };
  expect(read).toEqual({ ...strange, spec, fault: { ...fault, isLast: false } });
  expect(readRoute(strange, read), 'at the next change too').toEqual(read);
});

test('a path type that a newer CRD has is named, with its field', () => {
  const rules = [{ matches: [{ path: { type: 'Template', value: '/{id}' } }] }];
  const newer: HttpRoute = served({ ...route, metadata: later, spec: { ...route.spec, rules } });
  expect(readRoute(newer, route)?.fault?.field).toBe('spec.rules[0].matches[0].path.type');
});

test('of a Gateway of which no version could be read, the class is known and nothing else', () => {
  const spec = { gatewayClassName: 'aws', listeners: [{ name: 'http', port: 'eighty', protocol: 'HTTP' }] };
  const gateway: Gateway = served({ apiVersion, kind: 'Gateway', metadata, spec });
  const read = readGateway(gateway, undefined);
  expect(read?.spec).toEqual({ gatewayClassName: 'aws', listeners: [] });
  expect(read?.fault).toMatchObject({ field: 'spec.listeners[0].port', isLast: false });
});

test('of a ListenerSet of which no version could be read, each listener that can be is', () => {
  const http = { name: 'http', port: 80, protocol: 'HTTP' };
  const spec = { parentRef: { name: 'web' }, listeners: [http, { ...http, name: 'odd', port: null }] };
  const set: ListenerSet = served({ apiVersion, kind: 'ListenerSet', metadata, spec });
  expect(readListenerSet(set, undefined)?.spec.listeners).toEqual([http]);
});

test('what can not be read of a ReferenceGrant grants nothing, and the rest of it does', () => {
  const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'web' };
  const to = { group: '', kind: 'Service' };
  const grant: ReferenceGrant = served({
    apiVersion,
    kind: 'ReferenceGrant',
    metadata: later,
    spec: { from: [from, { ...from, namespace: 7 }], to: [to, null] },
  });
  const before: ReferenceGrant = {
    ...grant,
    metadata,
    spec: { from: [from, { ...from, namespace: 'all' }], to: [to] },
  };
  expect(readReferenceGrant(grant, before)).toMatchObject({
    spec: { from: [from], to: [to] },
    fault: { field: 'spec.from[1].namespace', isLast: false },
  });
});
