// The cluster of a provider's tests: a Gateway with two ports, and behind each a route, a Service and a pod.

import type { EndpointSlice, Node, Service } from '../../api/core.ts';
import type { Gateway, GatewayClass, HttpRoute } from '../../api/gateway-api.ts';
import * as kinds from '../../api/kinds.ts';
import { readConfig } from '../../config.ts';
import { openCaches } from '../../controllers/caches.ts';
import { sourcesOf } from '../../controllers/sources.ts';
import { listenerPort } from '../../gateway/listener-protocols.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type Clock, systemClock } from '../../kube/clock.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';
import type { MemoryClient } from '../../kube/testing/memory-client.ts';
import { silentLogger } from '../../kube/testing/silent-logger.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { ProviderContext } from '../context.ts';

export const gatewayKey = objectKey({ namespace: 'shop', name: 'web' });
export const services = {
  cart: objectKey({ namespace: 'shop', name: 'cart' }),
  stock: objectKey({ namespace: 'shop', name: 'stock' }),
};
const numbers = [80, 8080];

export const ports = numbers.map((port) => listenerPort('HTTP', port));

const gatewayApi = 'gateway.networking.k8s.io/v1';
const shop = (name: string) => ({ namespace: 'shop', name, generation: 1, uid: `uid-${name}` });

export const gatewayClass = (controllerName: string): GatewayClass => ({
  apiVersion: gatewayApi,
  kind: 'GatewayClass',
  metadata: { name: 'ours', generation: 1 },
  spec: { controllerName },
});

const gateway: Gateway = {
  apiVersion: gatewayApi,
  kind: 'Gateway',
  metadata: shop('web'),
  spec: {
    gatewayClassName: 'ours',
    listeners: numbers.map((port) => ({ name: `http-${port}`, port, protocol: 'HTTP' })),
  },
};

export const route = (name: string, port: number, rule: object = {}): HttpRoute => ({
  apiVersion: gatewayApi,
  kind: 'HTTPRoute',
  metadata: shop(name),
  spec: {
    parentRefs: [{ name: 'web', sectionName: `http-${port}` }],
    rules: [{ backendRefs: [{ name, port: 80 }], ...rule }],
  },
});

const service = (name: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: shop(name),
  spec: { ports: [{ port: 80, protocol: 'TCP' }], ipFamilies: ['IPv4'] },
});

const slice = (name: string, address: string): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...shop(`${name}-1`), labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  endpoints: [{ addresses: [address], conditions: { ready: true } }],
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
});

export interface ClusterOptions {
  readonly controllerName: string;
  readonly flags?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly nodes?: readonly Node[];
  /** Where the pods are. */
  readonly addresses?: readonly string[];
}

/** A clock that a test puts forward: nobody sleeps until then, and all is later. */
function clockAhead(): Clock & { putForward(ms: number): void } {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    putForward: (ms) => {
      ahead += ms;
    },
  };
}

export type Cluster<Client extends KubeClient = MemoryClient> = Awaited<ReturnType<typeof startCluster<Client>>>;

/** @param client the API server's */
export async function startCluster<Client extends KubeClient>(
  client: Client,
  options: ClusterOptions,
  signal: AbortSignal,
) {
  const { controllerName, flags = {}, env = {}, nodes = [], addresses = ['10.0.0.1', '10.0.0.2'] } = options;
  await client.create(kinds.gatewayClasses, gatewayClass(controllerName), signal);
  await client.create(kinds.gateways, gateway, signal);
  for (const [index, name] of ['cart', 'stock'].entries()) {
    await client.create(kinds.httpRoutes, route(name, numbers[index] ?? 0), signal);
    await client.create(kinds.services, service(name), signal);
    await client.create(kinds.endpointSlices, slice(name, addresses[index] ?? ''), signal);
  }
  for (const node of nodes) await client.create(kinds.nodes, node, signal);
  const clock = clockAhead();
  const shared = { client, clock, random: () => 0, logger: silentLogger };
  const caches = openCaches(shared);
  void caches.run(signal);
  await caches.settled;
  const gatewaysDue = new Set<ObjectKey>();
  const endpointsDue = new Set<ObjectKey>();
  const context: ProviderContext = {
    ...shared,
    config: readConfig({ 'cluster-name': 'demo', ...flags }, {}),
    env,
    metrics: createMetrics(),
    events: { record: () => undefined },
    sources: sourcesOf(caches, clock),
    clusterUid: 'uid-of-kube-system',
    namespace: 'gatehouse-system',
    isLeader: () => true,
    gatewayDue: (key) => void gatewaysDue.add(key),
    endpointsDue: (keys) => {
      for (const key of keys) endpointsDue.add(key);
    },
  };
  /** Puts another pod in the place of the Service's only one. */
  const movePod = async (name: string, address: string): Promise<void> => {
    const key = objectKey({ namespace: 'shop', name: `${name}-1` });
    const before = await client.get(kinds.endpointSlices, key, signal);
    await client.update(kinds.endpointSlices, { ...slice(name, address), metadata: before.metadata }, signal);
    while (caches.endpointSlices.get(key)?.endpoints?.[0]?.addresses[0] !== address) await new Promise(setImmediate);
  };
  return { client, caches, clock, context, gatewaysDue, endpointsDue, movePod };
}
