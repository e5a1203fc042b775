import { Registry } from '@prometheus-io/client';
import { beforeEach, expect, test } from 'vitest';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import type { Secret } from '../api/core.ts';
import type { Gateway, GatewayClass, HttpRoute, ListenerSet } from '../api/gateway-api.ts';
import { Cache } from '../kube/cache.ts';
import type { Condition, KubeObject } from '../kube/object.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { registerObjectMetrics } from './object-metrics.ts';

const cacheOf = <T extends KubeObject>() => new Cache<T>({ indexers: {}, logger: silentLogger });

const gatewayApi = { apiVersion: 'gateway.networking.k8s.io/v1' } as const;

let registry: Registry;
let clock: FakeClock;
let version = 0;
let stores: ReturnType<typeof emptyStores>;

const emptyStores = () => ({
  gatewayClasses: cacheOf<GatewayClass>(),
  gateways: cacheOf<Gateway>(),
  listenerSets: cacheOf<ListenerSet>(),
  routes: [cacheOf<HttpRoute>()],
  secrets: cacheOf<Secret>(),
});

const metadata = (name: string, namespace = 'shop') => {
  version += 1;
  return { name, namespace, resourceVersion: String(version), creationTimestamp: new Date(clock.now()).toISOString() };
};

const condition = (type: string, status: Condition['status']): Condition => ({
  type,
  status,
  reason: 'Test',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const gateway = (name: string, programmed: Condition['status'], gatewayClassName = 'aws'): Gateway => ({
  ...gatewayApi,
  kind: 'Gateway',
  metadata: metadata(name),
  spec: {
    gatewayClassName,
    listeners: [{ name: 'web', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'tls' }] } }],
  },
  status: { conditions: [condition('Programmed', programmed)] },
});

const text = (): Promise<string> => registry.metrics();

beforeEach(() => {
  registry = new Registry();
  clock = new FakeClock();
  stores = emptyStores();
  for (const [name, controllerName] of [
    ['aws', 'gatehouse.dev/aws'],
    ['other', 'example.com/other'],
  ] as const) {
    stores.gatewayClasses.put({
      ...gatewayApi,
      kind: 'GatewayClass',
      metadata: { name, resourceVersion: '1' },
      spec: { controllerName },
    });
  }
  registerObjectMetrics({ registry, caches: stores, controllerNames: new Set(['gatehouse.dev/aws']), clock });
});

test('our Gateways are counted by condition, and nobody else’s', async () => {
  stores.gateways.put(gateway('one', 'True'));
  stores.gateways.put(gateway('two', 'True'));
  stores.gateways.put(gateway('three', 'False'));
  stores.gateways.put(gateway('foreign', 'False', 'other'));
  expect(await text()).toContain('gatehouse_gateways{condition="Programmed",status="True"} 2');
  expect(await text()).toContain('gatehouse_gateways{condition="Programmed",status="False"} 1');
});

test('routes are counted by what we say of them', async () => {
  stores.routes[0]?.put({
    ...gatewayApi,
    kind: 'HTTPRoute',
    metadata: metadata('route'),
    spec: {},
    status: {
      parents: [
        {
          parentRef: { name: 'one' },
          controllerName: 'gatehouse.dev/aws',
          conditions: [condition('Accepted', 'False')],
        },
        {
          parentRef: { name: 'two' },
          controllerName: 'example.com/other',
          conditions: [condition('Accepted', 'True')],
        },
      ],
    },
  });
  expect(await text()).toContain('gatehouse_routes{kind="HTTPRoute",condition="Accepted",status="False"} 1');
  expect(await text()).not.toContain('gatehouse_routes{kind="HTTPRoute",condition="Accepted",status="True"}');
});

test('a certificate that a listener of ours uses has its expiry, and no other Secret has', async () => {
  stores.gateways.put(gateway('one', 'True'));
  const { certificatePem } = await selfSigned(['shop.example.com'], 'EC_prime256v1', clock.now(), '01');
  const data = { 'tls.crt': Buffer.from(certificatePem).toString('base64'), 'tls.key': '' };
  for (const name of ['tls', 'unused']) {
    stores.secrets.put({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: metadata(name), data });
  }
  expect(await text()).toMatch(
    /gatehouse_certificate_expiry_timestamp_seconds\{namespace="shop",secret="tls"\} \d{10}/,
  );
  expect(await text()).not.toContain('secret="unused"');
});

test('the time until a Gateway is Programmed counts from its creation, then from when it last was not', async () => {
  stores.gateways.put(gateway('one', 'Unknown'));
  await clock.advance(7000);
  stores.gateways.put(gateway('one', 'True'));
  expect(await text()).toContain('gatehouse_gateway_programmed_duration_seconds_sum 7');
  await clock.advance(60_000);
  stores.gateways.put(gateway('one', 'False'));
  await clock.advance(3000);
  stores.gateways.put(gateway('one', 'True'));
  expect(await text()).toContain('gatehouse_gateway_programmed_duration_seconds_sum 10');
  expect(await text()).toContain('gatehouse_gateway_programmed_duration_seconds_count 2');
});
