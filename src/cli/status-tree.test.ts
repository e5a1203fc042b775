import { expect, test } from 'vitest';
import type { Gateway, GatewayClass, HttpRoute } from '../api/gateway-api.ts';
import type { LiveLoadBalancer } from './live-load-balancer.ts';
import { type ControllerNames, classReports, gatewayReports, routesElsewhere } from './status-report.ts';
import { statusTree, totalHealth } from './status-tree.ts';

const apiVersion = 'gateway.networking.k8s.io/v1';
const controllerName = 'gatehouse.dev/aws';
const controllers: ControllerNames = new Map([
  [controllerName, 'aws'],
  ['gatehouse.dev/metallb', 'metallb'],
]);
const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string, observedGeneration = 1) => ({
  type,
  status,
  reason,
  observedGeneration,
  message: `${reason}.`,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const good = [condition('Accepted', 'True', 'Accepted'), condition('Programmed', 'True', 'Programmed')];

const gatewayClass: GatewayClass = {
  apiVersion,
  kind: 'GatewayClass',
  metadata: { name: 'lb', generation: 1 },
  spec: { controllerName },
  status: { conditions: [condition('Accepted', 'True', 'Accepted')] },
};

const gateway = (name: string, status: Gateway['status'], generation = 1): Gateway => ({
  apiVersion,
  kind: 'Gateway',
  metadata: { namespace: 'shop', name, generation },
  spec: { gatewayClassName: 'lb', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
  ...(status !== undefined && { status }),
});

const serving = (listener = good): Gateway['status'] => ({
  addresses: [{ value: 'web.example.com' }],
  conditions: good,
  listeners: [{ name: 'http', attachedRoutes: 1, conditions: listener }],
});

const route = (name: string, parent: string, resolved: 'True' | 'False'): HttpRoute => ({
  apiVersion,
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name, generation: 1 },
  spec: { parentRefs: [{ name: parent }], hostnames: ['a.example.com'] },
  status: {
    parents: [
      {
        controllerName,
        parentRef: { name: parent },
        conditions: [
          condition('Accepted', 'True', 'Accepted'),
          condition('ResolvedRefs', resolved, resolved === 'True' ? 'ResolvedRefs' : 'BackendNotFound'),
        ],
      },
    ],
  },
});

const reports = (gateways: readonly Gateway[], routes: readonly HttpRoute[] = []) =>
  gatewayReports({ gatewayClasses: [gatewayClass], gateways, listenerSets: [], routes }, controllers);

test('wrong Gateways come first, then waiting ones, and each says why', () => {
  const report = reports(
    [gateway('fine', serving()), gateway('fresh', undefined), gateway('faulty', serving())],
    [route('whole', 'fine', 'True'), route('whole', 'faulty', 'True'), route('torn', 'faulty', 'False')],
  );
  expect(
    statusTree({ gatewayClasses: classReports([gatewayClass]), gateways: report }),
  ).toBe(`✗ Gateway shop/faulty (class lb) at web.example.com
├─ ✓ listener "http": HTTP :80, 1 route
├─ ✗ HTTPRoute shop/torn for a.example.com
│    ResolvedRefs=False (BackendNotFound): BackendNotFound.
└─ ✓ HTTPRoute shop/whole for a.example.com

… Gateway shop/fresh (class lb)
│ Accepted=Unknown (Pending): Gatehouse has not reported on it yet. Is Gatehouse running?
└─ … listener "http": HTTP :80, 0 routes
     Accepted=Unknown (Pending): Gatehouse has not reported on it yet. Is Gatehouse running?

✓ Gateway shop/fine (class lb) at web.example.com
├─ ✓ listener "http": HTTP :80, 1 route
└─ ✓ HTTPRoute shop/whole for a.example.com

3 Gateways, 1 with something wrong, 1 waiting
`);
});

test('conditions about an older generation say that the change was not processed yet', () => {
  const [report] = reports([gateway('web', serving(), 2)]);
  expect(report).toMatchObject({
    health: 'waiting',
    wrong: [{ message: 'It was changed, and Gatehouse has not processed the change yet.' }],
  });
});

test('Gateways on MetalLB are shown', () => {
  const onMetallb = { ...gatewayClass, spec: { controllerName: 'gatehouse.dev/metallb' } };
  const all = { gatewayClasses: [onMetallb], gateways: [gateway('web', serving())], listenerSets: [], routes: [] };
  expect(gatewayReports(all, controllers)).toMatchObject([
    { gateway: 'shop/web', health: 'good', provider: 'metallb' },
  ]);
});

test('Gateways of other controllers are not shown, and a class that is refused is', () => {
  const other = { ...gatewayClass, spec: { controllerName: 'example.com/other' } };
  const all = { gatewayClasses: [other], gateways: [gateway('web', serving())], listenerSets: [], routes: [] };
  expect(gatewayReports(all, controllers)).toEqual([]);
  const refused = { ...gatewayClass, status: { conditions: [condition('Accepted', 'False', 'InvalidParameters')] } };
  expect(statusTree({ gatewayClasses: classReports([refused]), gateways: [] })).toBe(`✗ GatewayClass lb
  Accepted=False (InvalidParameters): InvalidParameters.

Gatehouse has no Gateways here.
`);
});

test('a team sees the status of its routes at a shared Gateway of another namespace, without seeing classes', () => {
  const shared = { ...gateway('shared', serving()), metadata: { namespace: 'infra', name: 'shared', generation: 1 } };
  const withFinalizer = (name: string, finalizer: string): Gateway => {
    const plain = gateway(name, serving());
    return { ...plain, metadata: { ...plain.metadata, finalizers: [finalizer] } };
  };
  const mine = withFinalizer('mine', 'gatehouse.dev/aws');
  const home = withFinalizer('home', 'gatehouse.dev/metallb');
  const parentRef = { name: 'shared', namespace: 'infra' };
  const torn = route('torn', 'shared', 'False');
  const [parent] = torn.status?.parents ?? [];
  if (parent === undefined) throw new Error('Expected a parent');
  const routes = [{ ...torn, spec: { parentRefs: [parentRef] }, status: { parents: [{ ...parent, parentRef }] } }];
  const all = { gatewayClasses: undefined, gateways: [shared, mine, home], listenerSets: [], routes };
  const gateways = gatewayReports(all, controllers);
  expect(gateways.map((each) => [each.gateway, each.provider])).toEqual([
    ['shop/home', 'metallb'],
    ['shop/mine', 'aws'],
  ]);
  const elsewhere = routesElsewhere(all, 'shop', controllers);
  expect(
    statusTree({ gatewayClasses: [], gateways: [], elsewhere }),
  ).toContain(`✗ HTTPRoute shop/torn at Gateway infra/shared
  ResolvedRefs=False (BackendNotFound): BackendNotFound.`);
  expect(routesElsewhere(all, 'infra', controllers)).toEqual([]);
});

test('an unhealthy target or a missing load balancer in AWS is wrong, whatever the cluster says', () => {
  const target = (state: string): LiveLoadBalancer => ({
    name: 'gh-web',
    arn: 'arn',
    scheme: 'internal',
    state: 'active',
    behind: [],
    listeners: [
      {
        port: 80,
        protocol: 'HTTP',
        certificates: [],
        rules: [
          {
            priority: '100',
            conditions: [{ field: 'host-header', values: ['a.example.com'] }],
            transforms: [],
            targetGroups: [
              {
                name: 'tg',
                targetType: 'ip',
                weight: 1,
                targets: [{ id: '10.0.0.1', port: 80, state, reason: 'Timed out' }],
              },
            ],
          },
        ],
      },
    ],
  });
  const [report] = reports([gateway('web', serving())]);
  if (report === undefined) throw new Error('Expected a report');
  expect(totalHealth({ ...report, loadBalancers: [target('healthy')] })).toBe('good');
  const unhealthy = { ...report, loadBalancers: [target('unhealthy')] };
  expect(totalHealth(unhealthy)).toBe('bad');
  expect(
    statusTree({ gatewayClasses: [], gateways: [unhealthy] }),
  ).toContain(`└─ ✓ load balancer gh-web (internal, active)
   └─ HTTP :80
      └─ 100. host a.example.com
         └─ target group tg (ip, 0 of 1 healthy, so AWS sends to all)
            └─ ✗ 10.0.0.1:80 unhealthy: Timed out`);
  expect(totalHealth({ ...report, loadBalancers: [target('unhealthy.draining')] })).toBe('bad');
  const front = (state: string) => ({ ...target('healthy'), name: 'gh-nlb', behind: [target(state)] });
  expect(totalHealth({ ...report, loadBalancers: [front('healthy')] })).toBe('good');
  const trouble = { ...report, loadBalancers: [front('unhealthy')] };
  expect(totalHealth(trouble)).toBe('bad');
  expect(
    statusTree({ gatewayClasses: [], gateways: [trouble] }),
  ).toContain(`└─ ✓ load balancer gh-nlb (internal, active)
   ├─ HTTP :80
   │  └─ 100. host a.example.com
   │     └─ target group tg (ip, 1 of 1 healthy)
   │        └─ ✓ 10.0.0.1:80 healthy
   └─ ✓ load balancer gh-web (internal, active)
      └─ HTTP :80`);
  const starting = { ...report, loadBalancers: [target('initial')] };
  expect(statusTree({ gatewayClasses: [], gateways: [starting] })).toContain('(ip, 0 of 1 healthy)');
  const missing = { ...report, loadBalancers: [], missing: ['web.example.com'] };
  expect(totalHealth(missing)).toBe('bad');
  expect(statusTree({ gatewayClasses: [], gateways: [missing] })).toContain(
    'no load balancer in AWS has the name web.example.com',
  );
});

test('an Envoy that is not ready, or a Service without an address, is waiting, and says why', () => {
  const [report] = reports([gateway('web', serving())]);
  if (report === undefined) throw new Error('Expected a report');
  const service = { name: 'web-1', addresses: ['192.0.2.7'], ports: [80, 443] };
  const ready = { pod: 'web-1-a', node: 'node-1', state: 'ready' } as const;
  const ending = { pod: 'web-1-b', node: 'node-2', state: 'ending' } as const;
  expect(totalHealth({ ...report, fleet: { services: [service], envoys: [ready, ending] } })).toBe('good');
  expect(totalHealth({ ...report, fleet: { services: [{ ...service, addresses: [] }], envoys: [ready] } })).toBe(
    'waiting',
  );
  const pulling = { pod: 'web-1-c', state: 'not ready', reason: 'ErrImagePull: no such image' } as const;
  const slow = { ...report, fleet: { services: [service], envoys: [ready, pulling] } };
  expect(totalHealth(slow)).toBe('waiting');
  expect(totalHealth({ ...slow, health: 'bad' })).toBe('bad');
  expect(statusTree({ gatewayClasses: [], gateways: [slow] })).toBe(`… Gateway shop/web (class lb) at web.example.com
├─ ✓ listener "http": HTTP :80, 1 route
├─ ✓ Service web-1 (192.0.2.7), ports 80, 443
└─ Envoys: 1 of 2 ready
   ├─ ✓ web-1-a on node-1 ready
   └─ … web-1-c not ready: ErrImagePull: no such image

1 Gateway, 1 waiting
`);
});
