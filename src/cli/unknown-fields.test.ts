import { expect, test } from 'vitest';
import { unknownFields } from './unknown-fields.ts';

const route = (spec: object) => ({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: {}, spec });

test.each<[string, Parameters<typeof unknownFields>[0], readonly object[]]>([
  ['a singular', route({ hostname: ['a'] }), [{ field: 'spec.hostname', hint: 'did you mean hostnames?' }]],
  [
    'two letters the wrong way round, in a list of a list',
    route({ rules: [{}, { backendRefs: [{ prot: 80 }] }] }),
    [{ field: 'spec.rules[1].backendRefs[0].prot', hint: 'did you mean port?' }],
  ],
  [
    'a field at the wrong depth',
    route({ backendRefs: [] }),
    [{ field: 'spec.backendRefs', hint: 'there is one in spec.rules' }],
  ],
  ['a field that resembles no other', route({ quicksand: 1 }), [{ field: 'spec.quicksand' }]],
  ['a name that every object of JavaScript has', route({ constructor: 1 }), [{ field: 'spec.constructor' }]],
  ['nothing, where any name may stand', { ...route({}), metadata: { labels: { lable: 'x' } } }, []],
  [
    'a kind',
    { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HttpRoute' },
    [{ field: 'kind HttpRoute', hint: 'did you mean HTTPRoute?' }],
  ],
  [
    'a field of our own kind',
    { apiVersion: 'gatehouse.dev/v1alpha1', kind: 'LoadBalancerConfiguration', spec: { schema: 'internal' } },
    [{ field: 'spec.schema', hint: 'did you mean scheme?' }],
  ],
  [
    'a field of our kind for Envoys',
    { apiVersion: 'gatehouse.dev/v1alpha1', kind: 'ProxyConfiguration', spec: { replica: 3 } },
    [{ field: 'spec.replica', hint: 'did you mean replicas?' }],
  ],
  [
    'a misspelt field of a Service',
    { apiVersion: 'v1', kind: 'Service', metdata: {}, spec: { anything: 1 } },
    [{ field: 'metdata', hint: 'did you mean metadata?' }],
  ],
  [
    'nothing of a Secret, whose fields are not known here',
    { apiVersion: 'v1', kind: 'Secret', type: 'a', immutable: true },
    [],
  ],
])('%s is found', (_, object, expected) => {
  expect(unknownFields(object)).toEqual(expected);
});
