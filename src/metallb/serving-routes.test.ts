import { expect, test } from 'vitest';
import { fromManifests } from '../gateway/from-manifests.ts';
import { GOLDEN_NOW } from '../testing/golden.ts';
import { servingRoutes } from './serving-routes.ts';

const apiVersion = 'gateway.networking.k8s.io/v1';
const controllerName = 'gatehouse.dev/metallb';
const parent = (more: object = {}, status = 'True') => ({
  parentRef: { name: 'web' },
  controllerName,
  conditions: [{ type: 'Accepted', status, reason: 'Accepted', message: '', lastTransitionTime: '' }],
  ...more,
});
const route = (name: string, ...parents: readonly object[]) => ({
  apiVersion,
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name },
  spec: { parentRefs: [{ name: 'web' }] },
  status: { parents },
});

test('a route serves if this Gateway has accepted it', () => {
  const manifests = [
    { apiVersion, kind: 'GatewayClass', metadata: { name: 'metallb' }, spec: { controllerName } },
    {
      apiVersion,
      kind: 'Gateway',
      metadata: { namespace: 'shop', name: 'web' },
      spec: { gatewayClassName: 'metallb', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    },
    route('accepted', parent()),
    route('refused', parent({}, 'False')),
    route('new'),
    route('of-another-controller', parent({ controllerName: 'example.com/other' })),
    route('of-another-gateway', parent({ parentRef: { name: 'other' } })),
  ];
  const [input] = fromManifests(manifests, { now: GOLDEN_NOW, controllerName }).inputs;
  if (input === undefined) throw new Error('Expected a Gateway');
  expect([...servingRoutes(input)]).toEqual(['shop/accepted']);
});
