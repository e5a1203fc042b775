import { expect, test } from 'vitest';
import type { EndpointSlice, Namespace, Node, Secret, Service } from '../api/core.ts';
import type {
  BackendTlsPolicy,
  Gateway,
  GatewayClass,
  HttpRoute,
  ListenerSet,
  ReferenceGrant,
  UdpRoute,
} from '../api/gateway-api.ts';
import * as kinds from '../api/kinds.ts';
import type { LoadBalancerConfiguration } from '../api/load-balancer-configuration.ts';
import type { ProxyConfiguration } from '../api/proxy-configuration.ts';
import { type ServedRoute, servedKindOf } from '../api/route-kinds.ts';
import type { Kind } from '../kube/kinds.ts';
import { type KubeObject, type ObjectKey, objectKey } from '../kube/object.ts';
import { WorkQueue } from '../kube/queue.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { openCaches } from './caches.ts';
import { connectTriggers } from './triggers.ts';

const gatewayApi = 'gateway.networking.k8s.io/v1';
const meta = (namespace: string, name: string) => ({ namespace, name, generation: 1 });

const gatewayClass: GatewayClass = {
  apiVersion: gatewayApi,
  kind: 'GatewayClass',
  metadata: { name: 'aws', generation: 1 },
  spec: {
    controllerName: 'gatehouse.dev/aws',
    parametersRef: { group: 'gatehouse.dev', kind: 'LoadBalancerConfiguration', namespace: 'infra', name: 'class' },
  },
};
const gateway: Gateway = {
  apiVersion: gatewayApi,
  kind: 'Gateway',
  metadata: meta('shop', 'web'),
  spec: {
    gatewayClassName: 'aws',
    listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'cert' }] } }],
    infrastructure: { parametersRef: { group: 'gatehouse.dev', kind: 'LoadBalancerConfiguration', name: 'own' } },
  },
};
/** Of the same class, with nothing else in common. */
const other: Gateway = {
  ...gateway,
  metadata: meta('infra', 'other'),
  spec: { gatewayClassName: 'aws', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
};
const route: HttpRoute = {
  apiVersion: gatewayApi,
  kind: 'HTTPRoute',
  metadata: meta('cart', 'cart'),
  spec: {
    parentRefs: [{ namespace: 'shop', name: 'web' }],
    rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }],
  },
};
const udpRoute: UdpRoute = { ...route, kind: 'UDPRoute', metadata: meta('cart', 'dns') };
const listenerSet: ListenerSet = {
  apiVersion: gatewayApi,
  kind: 'ListenerSet',
  metadata: meta('team', 'more'),
  spec: {
    parentRef: { namespace: 'shop', name: 'web' },
    listeners: [{ name: 'https', port: 8443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'team' }] } }],
  },
};
const routeOfSet: HttpRoute = {
  ...route,
  metadata: meta('team', 'team'),
  spec: { parentRefs: [{ kind: 'ListenerSet', name: 'more' }], rules: [] },
};
const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'cart', name: 'cart' },
  spec: { ports: [{ port: 80 }] },
};
const slice: EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'cart', name: 'cart-1', labels: { 'kubernetes.io/service-name': 'cart' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.7'] }],
};
const grant: ReferenceGrant = {
  apiVersion: gatewayApi,
  kind: 'ReferenceGrant',
  metadata: meta('infra', 'grant'),
  spec: {
    from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'cart' }],
    to: [{ group: '', kind: 'Service' }],
  },
};
const policy: BackendTlsPolicy = {
  apiVersion: gatewayApi,
  kind: 'BackendTLSPolicy',
  metadata: meta('cart', 'cart'),
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name: 'cart' }],
    validation: { wellKnownCACertificates: 'System', hostname: 'cart.example.com' },
  },
};
const configuration = (namespace: string, name: string): LoadBalancerConfiguration => ({
  apiVersion: 'gatehouse.dev/v1alpha1',
  kind: 'LoadBalancerConfiguration',
  metadata: meta(namespace, name),
  spec: {},
});
const secret = (name: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'shop', name },
  type: 'kubernetes.io/tls',
  data: { 'tls.crt': 'b2xk' },
});
const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'one' },
  spec: { providerID: 'aws:///eu-central-1a/i-1' },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};
const namespace: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'cart', labels: { team: 'a' } } };

const proxied: Gateway = {
  ...gateway,
  metadata: { namespace: 'edge', name: 'proxied', generation: 1 },
  spec: {
    gatewayClassName: 'metallb',
    listeners: [],
    infrastructure: { parametersRef: { group: 'gatehouse.dev', kind: 'ProxyConfiguration', name: 'proxies' } },
  },
};
const proxies: ProxyConfiguration = {
  apiVersion: 'gatehouse.dev/v1alpha1',
  kind: 'ProxyConfiguration',
  metadata: { namespace: 'edge', name: 'proxies', generation: 1 },
};

const having = (object: KubeObject, fields: object): KubeObject => ({ ...object, ...fields });

const present: readonly (readonly [Kind, KubeObject])[] = [
  [kinds.gatewayClasses, gatewayClass],
  [kinds.gateways, gateway],
  [kinds.gateways, other],
  [kinds.listenerSets, listenerSet],
  [kinds.httpRoutes, route],
  [kinds.httpRoutes, routeOfSet],
  [kinds.services, service],
  [kinds.endpointSlices, slice],
  [kinds.referenceGrants, grant],
  [kinds.backendTlsPolicies, policy],
  [kinds.loadBalancerConfigurations, configuration('infra', 'class')],
  [kinds.loadBalancerConfigurations, configuration('shop', 'own')],
  [kinds.gateways, proxied],
  [kinds.proxyConfigurations, proxies],
  [kinds.secrets, secret('cert')],
  [kinds.secrets, having(secret('team'), { metadata: { namespace: 'team', name: 'team' } })],
  [kinds.nodes, node],
  [kinds.namespaces, namespace],
  [kinds.namespaces, having(namespace, { metadata: { name: 'team' } })],
];

const { signal } = new AbortController();

/** Takes all that is ready. */
async function taken(from: WorkQueue<ObjectKey>): Promise<readonly string[]> {
  const keys: string[] = [];
  while (from.depth > 0) {
    const key = await from.get();
    if (key === undefined) break;
    keys.push(key);
    from.done(key);
  }
  return keys.toSorted();
}

/** A cluster with all of the above, of which every key has been worked on. */
async function startCluster() {
  const client = new MemoryClient();
  for (const [kind, object] of present) await client.create(kind, object, signal);
  const clock = new FakeClock();
  const caches = openCaches({ client, clock, random: () => 0, logger: silentLogger });
  void caches.run(signal);
  await caches.settled;
  const queue = () => new WorkQueue<ObjectKey>({ clock });
  const queues = { gatewayClasses: queue(), gateways: queue(), staleRoutes: queue(), endpoints: queue() };
  connectTriggers(caches, queues, [
    {
      finalizer: 'gatehouse.dev/aws',
      servicesOnNodes: () => [objectKey({ namespace: 'cart', name: 'on-nodes' })],
    },
  ]);
  /** Every key that has become due. */
  const due = async () => {
    await clock.advance(1000);
    return {
      gatewayClasses: await taken(queues.gatewayClasses),
      gateways: await taken(queues.gateways),
      staleRoutes: await taken(queues.staleRoutes),
      endpoints: await taken(queues.endpoints),
    };
  };
  return { client, clock, queues, due };
}

async function change(client: MemoryClient, kind: Kind, object: KubeObject): Promise<void> {
  const key = objectKey(object.metadata);
  const stored = await client.get(kind, key, signal);
  const { resourceVersion, uid } = stored.metadata;
  await client.update(kind, having(object, { metadata: { ...object.metadata, resourceVersion, uid } }), signal);
}

const nothing = { gatewayClasses: [], gateways: [], staleRoutes: [], endpoints: [] };
const nextGeneration = <T extends KubeObject>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, generation: 2 },
});

test('at the start everything is due', async () => {
  const { due } = await startCluster();
  expect(await due()).toEqual({
    gatewayClasses: ['aws', 'metallb'],
    gateways: ['edge/proxied', 'infra/other', 'shop/web'],
    staleRoutes: [],
    endpoints: ['cart/cart', 'cart/on-nodes'],
  });
});

const label = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, labels: { new: 'one' } },
});

test.each<readonly [string, Kind, KubeObject, Readonly<Record<string, readonly string[]>>]>([
  ['a Gateway', kinds.gateways, nextGeneration(gateway), { gateways: ['shop/web'], gatewayClasses: ['aws'] }],
  ["a Gateway's status", kinds.gateways, having(gateway, { status: { conditions: [] } }), {}],
  ['a route', kinds.httpRoutes, nextGeneration(route), { gateways: ['shop/web'] }],
  ['a ListenerSet', kinds.listenerSets, nextGeneration(listenerSet), { gateways: ['shop/web'] }],
  ["a ListenerSet's status", kinds.listenerSets, having(listenerSet, { status: { conditions: [] } }), {}],
  [
    'a ListenerSet that leaves for another Gateway',
    kinds.listenerSets,
    nextGeneration({ ...listenerSet, spec: { ...listenerSet.spec, parentRef: { namespace: 'infra', name: 'other' } } }),
    { gateways: ['infra/other', 'shop/web'] },
  ],
  ['a route of a ListenerSet', kinds.httpRoutes, nextGeneration(routeOfSet), { gateways: ['shop/web'] }],
  [
    "a ListenerSet's Secret",
    kinds.secrets,
    having(secret('team'), { metadata: { namespace: 'team', name: 'team' }, data: { 'tls.crt': 'bmV3' } }),
    { gateways: ['shop/web'] },
  ],
  [
    'the labels of the namespace of a ListenerSet',
    kinds.namespaces,
    having(namespace, { metadata: { name: 'team', labels: { team: 'b' } } }),
    { gateways: ['shop/web'] },
  ],
  ["a route's status", kinds.httpRoutes, having(route, { status: { parents: [] } }), {}],
  [
    'a route that leaves for another Gateway',
    kinds.httpRoutes,
    nextGeneration({ ...route, spec: { ...route.spec, parentRefs: [{ namespace: 'infra', name: 'other' }] } }),
    { gateways: ['infra/other', 'shop/web'] },
  ],
  [
    'a class',
    kinds.gatewayClasses,
    nextGeneration(gatewayClass),
    { gatewayClasses: ['aws'], gateways: ['infra/other', 'shop/web'] },
  ],
  ["a class's status", kinds.gatewayClasses, having(gatewayClass, { status: { conditions: [] } }), {}],
  ['a grant', kinds.referenceGrants, nextGeneration(grant), { gateways: ['shop/web'] }],
  ["a Service's policy", kinds.backendTlsPolicies, nextGeneration(policy), { gateways: ['shop/web'] }],
  [
    'a policy that leaves the Service',
    kinds.backendTlsPolicies,
    nextGeneration({ ...policy, spec: { ...policy.spec, targetRefs: [] } }),
    { gateways: ['shop/web'] },
  ],
  ["a policy's status", kinds.backendTlsPolicies, having(policy, { status: { ancestors: [] } }), {}],
  [
    "a Gateway's configuration",
    kinds.loadBalancerConfigurations,
    nextGeneration(configuration('shop', 'own')),
    { gateways: ['shop/web'] },
  ],
  ["a Gateway's proxies", kinds.proxyConfigurations, nextGeneration(proxies), { gateways: ['edge/proxied'] }],
  [
    "a class's configuration",
    kinds.loadBalancerConfigurations,
    nextGeneration(configuration('infra', 'class')),
    { gatewayClasses: ['aws'], gateways: ['infra/other', 'shop/web'] },
  ],
  [
    "a Service's ports",
    kinds.services,
    having(service, { spec: { ports: [{ port: 81 }] } }),
    { gateways: ['shop/web'], endpoints: ['cart/cart'] },
  ],
  ["a Service's labels", kinds.services, label(service), {}],
  ['the endpoints of a Service', kinds.endpointSlices, having(slice, { endpoints: [] }), { endpoints: ['cart/cart'] }],
  ['a certificate', kinds.secrets, having(secret('cert'), { data: { 'tls.crt': 'bmV3' } }), { gateways: ['shop/web'] }],
  ["a certificate's labels", kinds.secrets, label(secret('cert')), {}],
  [
    "a Node's readiness",
    kinds.nodes,
    having(node, { status: { conditions: [{ type: 'Ready', status: 'False' }] } }),
    { endpoints: ['cart/on-nodes'] },
  ],
  ["a Node's labels", kinds.nodes, label(node), { endpoints: ['cart/on-nodes'] }],
  [
    "a Node's taints",
    kinds.nodes,
    having(node, { spec: { ...node.spec, taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } }),
    { endpoints: ['cart/on-nodes'] },
  ],
  [
    'a Node that is being deleted',
    kinds.nodes,
    having(node, { metadata: { ...node.metadata, deletionTimestamp: '2026-11-23T12:00:00Z' } }),
    { endpoints: ['cart/on-nodes'] },
  ],
  [
    "a Node's heartbeat",
    kinds.nodes,
    having(node, {
      status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-11-23T12:00:00Z' }] },
    }),
    {},
  ],
  ["a namespace's labels", kinds.namespaces, label(namespace), { gateways: ['shop/web'] }],
  ["a namespace's status", kinds.namespaces, having(namespace, { status: { phase: 'Terminating' } }), {}],
])('a change of %s makes due what it concerns, and nothing else', async (_, kind, object, expected) => {
  const { client, due } = await startCluster();
  await due();
  await change(client, kind, object);
  expect(await due()).toEqual({ ...nothing, ...expected });
});

test.each<readonly [string, Kind, KubeObject, Readonly<Record<string, readonly string[]>>]>([
  ['a route', kinds.httpRoutes, route, { gateways: ['shop/web'] }],
  ['a Service', kinds.services, service, { gateways: ['shop/web'], endpoints: ['cart/cart'] }],
  ['a certificate', kinds.secrets, secret('cert'), { gateways: ['shop/web'] }],
  ['a grant', kinds.referenceGrants, grant, { gateways: ['shop/web'] }],
  ['the endpoints of a Service', kinds.endpointSlices, slice, { endpoints: ['cart/cart'] }],
  [
    "a Gateway's configuration",
    kinds.loadBalancerConfigurations,
    configuration('shop', 'own'),
    { gateways: ['shop/web'] },
  ],
  ['a Node', kinds.nodes, node, { endpoints: ['cart/on-nodes'] }],
  ['a ListenerSet', kinds.listenerSets, listenerSet, { gateways: ['shop/web'], staleRoutes: ['team/more'] }],
])('the end of %s makes due what it concerns, and nothing else', async (_, kind, object, expected) => {
  const { client, due } = await startCluster();
  await due();
  await client.delete(kind, objectKey(object.metadata), signal);
  expect(await due()).toEqual({ ...nothing, ...expected });
});

test.each<readonly [string, ServedRoute, Partial<EndpointSlice>, readonly string[]]>([
  ['have other numbers', udpRoute, { ports: [{ name: 'udp', port: 5454 }] }, ['shop/web']],
  ['are gone', udpRoute, { ports: [], endpoints: [] }, ['shop/web']],
  ['are the same', udpRoute, { endpoints: [] }, []],
  ['matter to no NLB', { ...route, metadata: meta('cart', 'dns') }, { ports: [] }, []],
])('named target ports that %s make only these Gateways due', async (_, user, changed, gateways) => {
  const { client, due } = await startCluster();
  const ports = [{ name: 'udp', port: 53, targetPort: 'dns', protocol: 'UDP' as const }];
  await change(client, kinds.services, having(service, { spec: { ports } }));
  const before = { ...slice, ports: [{ name: 'udp', port: 5353 }] };
  await change(client, kinds.endpointSlices, before);
  await client.create(servedKindOf(user).resource, user, signal);
  await due();
  await change(client, kinds.endpointSlices, having(before, changed));
  expect(await due()).toEqual({ ...nothing, gateways, endpoints: ['cart/cart'] });
});

test('a status that speaks of a ListenerSet that is gone is looked at, also when a pass that was under way wrote it', async () => {
  const { client, due } = await startCluster();
  await client.delete(kinds.listenerSets, objectKey(listenerSet.metadata), signal);
  await due();
  const parentRef = { group: 'gateway.networking.k8s.io', kind: 'ListenerSet', namespace: 'team', name: 'more' };
  const parents = [{ parentRef, controllerName: 'gatehouse.dev/aws' }];
  await change(client, kinds.httpRoutes, having(route, { status: { parents } }));
  expect(await due()).toEqual({ ...nothing, staleRoutes: ['team/more'] });
});

test('a Secret that no Gateway uses makes nothing due', async () => {
  const { client, due } = await startCluster();
  await due();
  await client.create(kinds.secrets, secret('unused'), signal);
  expect(await due()).toEqual(nothing);
});

test('what happens to a Gateway that stands goes before Gateways that are new, with all that comes with them', async () => {
  const { client, clock, queues, due } = await startCluster();
  const { metadata } = await client.get(kinds.gateways, objectKey(gateway.metadata), signal);
  await client.update(
    kinds.gateways,
    { ...gateway, metadata: { ...metadata, finalizers: ['gatehouse.dev/aws'] } },
    signal,
  );
  await due();
  await client.create(kinds.gateways, { ...gateway, metadata: meta('shop', 'new') }, signal);
  const ofNew = { ...route, metadata: meta('cart', 'new'), spec: { parentRefs: [{ namespace: 'shop', name: 'new' }] } };
  await client.create(kinds.httpRoutes, ofNew, signal);
  await clock.advance(1000);
  await change(client, kinds.httpRoutes, nextGeneration(route));
  await clock.advance(1000);
  expect([await queues.gateways.get(), await queues.gateways.get()]).toEqual(['shop/web', 'shop/new']);
});
