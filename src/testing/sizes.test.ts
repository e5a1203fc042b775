// Gateways of the sizes that the API allows. The pure stages work in many short steps, so that other work need not wait.
import { expect, test } from 'vitest';
import { awsFinding } from '../aws/findings.ts';
import { buildingModel } from '../aws/model/build.ts';
import { DEFAULT_QUOTAS } from '../aws/model/options.ts';
import { PLACEHOLDER_NETWORK } from '../aws/model/placeholder-network.ts';
import { NOTHING_STANDS } from '../aws/model/standing.ts';
import { translatingForAws } from '../aws/translation.ts';
import { awsWords } from '../aws/words.ts';
import { buildEnvoy } from '../envoy/model/build.ts';
import { ENVOY_CAPABILITIES } from '../envoy/model/capabilities.ts';
import { connectionsOf, routesById } from '../gateway/connections.ts';
import { fromManifests } from '../gateway/from-manifests.ts';
import type { Steps } from '../gateway/steps.ts';
import { translating } from '../gateway/translate.ts';
import { objectKey } from '../kube/object.ts';
import { METALLB_CAPABILITIES } from '../metallb/capabilities.ts';
import { narrowForMetallb } from '../metallb/translation.ts';
import { findingsOf } from '../status/findings.ts';
import { attachedRoutes } from '../status/gateway-status.ts';
import { listenerSetStatus } from '../status/listener-set-status.ts';
import { GOLDEN_DEFAULTS, GOLDEN_NOW, GOLDEN_PROTOCOLS } from './golden.ts';

const apiVersion = 'gateway.networking.k8s.io/v1';
const many = <T>(length: number, each: (index: number) => T): readonly T[] =>
  Array.from({ length }, (_, index) => each(index));

const gatewayClass = {
  apiVersion,
  kind: 'GatewayClass',
  metadata: { name: 'aws' },
  spec: { controllerName: 'gatehouse.dev/aws' },
};
const gateway = (ports: readonly number[], protocol = 'HTTP', options = {}) => ({
  apiVersion,
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    gatewayClassName: 'aws',
    allowedListeners: { namespaces: { from: 'All' } },
    listeners: ports.map((port) => ({ name: `p${port}`, port, protocol, ...options })),
  },
});
const largeRoute = (index: number) => ({
  apiVersion,
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: `r${index}` },
  spec: {
    parentRefs: [{ name: 'web' }],
    hostnames: many(16, (host) => `h${host}.example.com`),
    rules: many(2, (rule) => ({
      matches: many(64, (match) => ({ path: { type: 'Exact', value: `/${index}/${rule}/${match}` } })),
    })),
  },
});
const listenerSet = (set: number) => ({
  apiVersion,
  kind: 'ListenerSet',
  metadata: { namespace: 'shop', name: `s${set}` },
  spec: {
    parentRef: { name: 'web' },
    listeners: many(64, (index) => ({
      name: `l${index}`,
      port: 80,
      protocol: 'HTTP',
      hostname: `h${index}.s${set}.example.com`,
    })),
  },
});
const catchAll = {
  apiVersion,
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: 'all' },
  spec: { parentRefs: [{ name: 'web' }] },
};

const connections = {
  TCP: { route: 'TCPRoute' },
  UDP: { route: 'UDPRoute' },
  TLS: { route: 'TLSRoute', tls: { mode: 'Passthrough' } },
} as const;

/** A ListenerSet with its own 64 ports or server names, and one route for each. */
function connectionSet(protocol: keyof typeof connections, set: number): readonly unknown[] {
  const { route, ...options } = connections[protocol];
  const hostname = (index: number): string => `h${index}.s${set}.example.com`;
  return [
    {
      apiVersion,
      kind: 'ListenerSet',
      metadata: { namespace: 'shop', name: `s${set}` },
      spec: {
        parentRef: { name: 'web' },
        listeners: many(64, (index) => ({
          name: `l${index}`,
          protocol,
          ...(protocol === 'TLS' ? { port: 443, hostname: hostname(index) } : { port: 1024 + set * 64 + index }),
          ...options,
        })),
      },
    },
    ...many(64, (index) => ({
      apiVersion,
      kind: route,
      metadata: { namespace: 'shop', name: `r${set}-${index}` },
      spec: {
        parentRefs: [{ kind: 'ListenerSet', name: `s${set}`, sectionName: `l${index}` }],
        ...(protocol === 'TLS' && { hostnames: [hostname(index)] }),
        rules: [{ backendRefs: [{ name: index % 2 === 0 ? 'app' : 'api', port: 80 }] }],
      },
    })),
  ];
}

const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name },
  spec: { ports: [{ port: 80 }] },
});

const connectionSets = (protocol: keyof typeof connections, sets: number): readonly unknown[] => [
  gateway([80]),
  ...many(sets, (set) => connectionSet(protocol, set)).flat(),
];

/** All these routes attach to the same port. */
const sameTcpRoute = (index: number) => ({
  apiVersion,
  kind: 'TCPRoute',
  metadata: { namespace: 'shop', name: `r${index}` },
  spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'app', port: 80 }] }] },
});

/**
 * Much longer than a step takes, because the machine may have other work. Much shorter than all of the work takes in one step. In
 * milliseconds.
 */
const longestMs = 2000;

function inShortSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const started = performance.now();
    const step = steps.next();
    expect(performance.now() - started).toBeLessThan(longestMs);
    if (step.done === true) return step.value;
  }
}

const manyTlsNames = {
  apiVersion,
  kind: 'TLSRoute',
  metadata: { namespace: 'shop', name: 'all' },
  spec: {
    parentRefs: many(32, (set) => ({ kind: 'ListenerSet', name: `s${set}` })),
    hostnames: many(1024, (index) => `h${index % 64}.s${Math.floor(index / 64)}.example.com`),
    rules: [{ backendRefs: [{ name: 'app', port: 80 }] }],
  },
};

test.each<readonly [string, readonly unknown[], number]>([
  ['9,600 TCP listeners with a route each', connectionSets('TCP', 150), 9600],
  ['9,600 UDP listeners with a route each', connectionSets('UDP', 150), 9600],
  ['9,600 TLS listeners with a route each', connectionSets('TLS', 150), 9600],
  [
    '2,048 TLS listeners with a route of 1,024 server names for all',
    [...connectionSets('TLS', 32), manyTlsNames],
    2048,
  ],
  ['10,000 TCPRoutes for one port', [gateway([9000], 'TCP'), ...many(10_000, sameTcpRoute)], 1],
])('%s do not delay other work', { timeout: 60_000 }, (_, manifests, expected) => {
  const [input] = fromManifests([gatewayClass, ...manifests], { now: GOLDEN_NOW }).inputs;
  if (input === undefined) throw new Error('Expected a Gateway');
  const { topology } = inShortSteps(translating(input, GOLDEN_PROTOCOLS));
  if (topology === undefined) throw new Error('Expected a topology');
  const started = performance.now();
  const routes = routesById(topology.routes);
  const entries = topology.ports.flatMap((port) => (port.serves.kind === 'http' ? [] : connectionsOf(port, routes)));
  expect(entries).toHaveLength(expected);
  expect(performance.now() - started).toBeLessThan(5 * longestMs);
});

/** All these routes attach to the same listener. */
const sameTlsRoute = (index: number) => ({
  apiVersion,
  kind: 'TLSRoute',
  metadata: { namespace: 'shop', name: `r${index}` },
  spec: {
    parentRefs: [{ name: 'web' }],
    hostnames: [`h${index}.example.com`],
    rules: [{ backendRefs: [{ name: index % 2 === 0 ? 'app' : 'api', port: 80 }] }],
  },
});
const tlsGateway = gateway([443], 'TLS', { tls: { mode: 'Passthrough' } });

test.each<readonly [string, readonly unknown[], number]>([
  ['9,600 TLS listeners with two Services', connectionSets('TLS', 150), 9600],
  ['9,600 TCP listeners', connectionSets('TCP', 150), 9600],
  ['10,000 TLSRoutes with two Services for one listener', [tlsGateway, ...many(10_000, sameTlsRoute)], 10_000],
])('the model of an NLB: %s do not delay other work', { timeout: 60_000 }, (_, manifests, routes) => {
  const services = [service('app'), service('api')];
  const [input] = fromManifests([gatewayClass, ...services, ...manifests], { now: GOLDEN_NOW }).inputs;
  if (input === undefined) throw new Error('Expected a Gateway');
  const { topology } = inShortSteps(translatingForAws(input, GOLDEN_DEFAULTS));
  if (topology === undefined) throw new Error('Expected a topology');
  expect(topology.routes).toHaveLength(routes);
  // Leave out the ALB.
  const ports = topology.ports.filter(({ serves }) => serves.kind !== 'http');
  const asked = { ...topology, planes: ['nlb'] as const, ports };
  const options = { clusterName: 'blue', clusterUid: 'uid-1', quotas: DEFAULT_QUOTAS };
  const { model } = inShortSteps(buildingModel(asked, PLACEHOLDER_NETWORK, options, NOTHING_STANDS));
  expect(model?.resources.some(({ kind }) => kind === 'listener')).toBe(true);
});

test.each<readonly [string, readonly unknown[]]>([
  ['1,000 routes of 128 matches × 16 hostnames', [gateway([80]), ...many(1000, largeRoute)]],
  ['64 ports with 2 of these routes', [gateway(many(64, (index) => 8000 + index)), ...many(2, largeRoute)]],
  ['300 ListenerSets × 64 listeners', [gateway([80]), ...many(300, listenerSet), catchAll]],
])('%s do not delay other work', { timeout: 60_000 }, (_, manifests) => {
  const [input] = fromManifests([gatewayClass, ...manifests], { now: GOLDEN_NOW }).inputs;
  if (input === undefined) throw new Error('Expected a Gateway');
  const translation = inShortSteps(translatingForAws(input, GOLDEN_DEFAULTS));
  const { topology } = translation;
  if (topology === undefined) throw new Error('Expected a topology');
  const options = { clusterName: 'blue', clusterUid: 'uid-1', quotas: DEFAULT_QUOTAS };
  const { model, problems } = inShortSteps(buildingModel(topology, PLACEHOLDER_NETWORK, options, NOTHING_STANDS));
  expect(model?.resources.filter(({ kind }) => kind === 'rule').length).toBeLessThanOrEqual(100);
  const started = performance.now();
  const findings = findingsOf(translation, [...translation.problems, ...problems].map(awsFinding), awsWords);
  const outcome = { findings, attachedRoutes: attachedRoutes(findings), provisioned: undefined, overdue: false };
  for (const { metadata } of input.listenerSets) {
    listenerSetStatus(undefined, objectKey(metadata), outcome, 1, GOLDEN_NOW);
  }
  expect(performance.now() - started).toBeLessThan(5 * longestMs);
});

test.each<readonly [string, readonly unknown[], number]>([
  ['1,000 routes of 128 matches × 16 hostnames', [gateway([80]), ...many(1000, largeRoute)], 9],
  ['64 ports with a route', [gateway(many(64, (index) => 8000 + index)), catchAll], 1],
  ['300 ListenerSets × 64 listeners', [gateway([80]), ...many(300, listenerSet), catchAll], 1],
  // Others have no room.
  ['9,600 TLS listeners with a route each', [...connectionSets('TLS', 150), service('app'), service('api')], 2500],
  ['9,600 TCP listeners with a route each', [...connectionSets('TCP', 150), service('app'), service('api')], 2500],
])('the model of Envoy: %s do not delay other work', { timeout: 60_000 }, (_, manifests, routes) => {
  const [input] = fromManifests([gatewayClass, ...manifests], { now: GOLDEN_NOW }).inputs;
  if (input === undefined) throw new Error('Expected a Gateway');
  const { topology } = inShortSteps(translating(input, ENVOY_CAPABILITIES));
  if (topology === undefined) throw new Error('Expected a topology');
  const model = inShortSteps(buildEnvoy(topology, { families: ['IPv4'], keyPairs: new Map() }));
  expect(model.routes).toHaveLength(routes);
  expect(model.snapshot.listeners.size).toBe(topology.ports.length);
});

test.each<readonly [string, readonly unknown[]]>([
  ['300 ListenerSets × 64 listeners', [gateway([80]), ...many(300, listenerSet), catchAll]],
  ['9,600 TCP listeners with a route each', connectionSets('TCP', 150)],
])('what MetalLB and Envoy have room for: %s do not delay other work', { timeout: 60_000 }, (_, manifests) => {
  const [input] = fromManifests([gatewayClass, ...manifests], { now: GOLDEN_NOW }).inputs;
  if (input === undefined) throw new Error('Expected a Gateway');
  const translation = inShortSteps(translating(input, METALLB_CAPABILITIES));
  const started = performance.now();
  const { topology } = inShortSteps(narrowForMetallb(input, translation));
  expect(performance.now() - started).toBeLessThan(longestMs);
  const listeners = topology?.ports.flatMap((port) => port.listeners) ?? [];
  expect(listeners.length).toBeLessThanOrEqual(1001);
  expect(topology?.routes.length).toBeLessThanOrEqual(listeners.length);
});
