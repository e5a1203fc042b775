import { expect, test } from 'vitest';
import type { AllowedNamespaces, Gateway, ListenerSet } from '../api/gateway-api.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { MemoryClient, refusal } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { openCaches } from './caches.ts';
import { kindsMissing, kindsNotInstalled } from './obstacles.ts';

const allowing = (from: AllowedNamespaces['from'], ...protocols: readonly string[]): Gateway => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    gatewayClassName: 'aws',
    listeners: protocols.map((protocol, index) => ({ name: `l${index}`, port: 80 + index, protocol })),
    ...(from !== undefined && { allowedListeners: { namespaces: { from } } }),
  },
});

/** None of which was listed so far. */
const clock = new FakeClock();
const caches = openCaches({ client: new MemoryClient(), clock, random: () => 0, logger: silentLogger });

const missing = (
  from: AllowedNamespaces['from'],
  absent: readonly string[] = [],
  ...protocols: readonly string[]
): readonly string[] => {
  const [problem] = kindsMissing({ ...caches, absent: () => absent }, allowing(from, ...protocols));
  return problem?.kind === 'kinds-missing' ? problem.kinds : [];
};

test.each([
  [undefined, false],
  ['None', false],
  ['Same', true],
] as const)('while ListenerSets were never listed, a Gateway that allows them from %s waits: %s', (from, waits) => {
  expect(missing(from).includes('ListenerSet')).toBe(waits);
});

test('a Gateway waits for no optional kind that is surely not installed, and for each kind that it needs', () => {
  const absent = ['ReferenceGrant', 'ListenerSet', 'LoadBalancerConfiguration', 'HTTPRoute'];
  const kinds = missing('Same', absent);
  expect(kinds).toContain('HTTPRoute');
  expect(kinds).not.toContain('ReferenceGrant');
  expect(kinds).not.toContain('ListenerSet');
});

test.each([
  ['HTTP', []],
  ['TLS', ['TLSRoute']],
  ['TCP', ['TCPRoute']],
  ['UDP', ['UDPRoute']],
])('a Gateway with a listener of protocol %s waits for no optional routes but %s', (protocol, routes) => {
  const optional = (kind: string): boolean => ['TLSRoute', 'TCPRoute', 'UDPRoute'].includes(kind);
  expect(missing('None', [], protocol).filter(optional)).toEqual(routes);
  expect(missing('None', routes, protocol).filter(optional)).toEqual([]);
});

test('a Gateway waits for the routes that listeners of its ListenerSets take', () => {
  const set: ListenerSet = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ListenerSet',
    metadata: { namespace: 'shop', name: 'more' },
    spec: { parentRef: { name: 'web' }, listeners: [{ name: 'dns', port: 53, protocol: 'UDP' }] },
  };
  const listenerSets = { ...caches.listenerSets, byIndex: () => [set] };
  const kindsOf = (from: AllowedNamespaces['from']) =>
    kindsMissing({ ...caches, listenerSets }, allowing(from)).flatMap(({ kinds }) => kinds);
  expect(kindsOf('Same')).toContain('UDPRoute');
  expect(kindsOf('None')).not.toContain('UDPRoute');
});

test('unreadable routes delay no start', async () => {
  const client = new MemoryClient();
  const list = client.list.bind(client);
  const refused = new Set(['tlsroutes', 'tcproutes', 'udproutes']);
  client.list = async (kind) => {
    if (refused.has(kind.plural)) throw refusal(403, 'Forbidden');
    return await list(kind);
  };
  const stop = new AbortController();
  const starting = openCaches({ client, clock, random: () => 0, logger: silentLogger });
  const running = starting.run(stop.signal);
  await starting.settled;
  expect(starting.unlisted().toSorted()).toEqual(['TCPRoute', 'TLSRoute', 'UDPRoute']);
  stop.abort();
  await running;
});

test('routes whose kind is installed later are there within a minute', async () => {
  const client = new MemoryClient();
  const list = client.list.bind(client);
  let installed = false;
  client.list = async (kind) => {
    if (kind.plural === 'tcproutes' && !installed) throw refusal(404, 'NotFound');
    return await list(kind);
  };
  const time = new FakeClock();
  const later = openCaches({ client, clock: time, random: () => 1, logger: silentLogger });
  const stop = new AbortController();
  const running = later.run(stop.signal);
  await later.settled;
  await time.advance(3_600_000);
  expect(later.unlisted()).toEqual(['TCPRoute']);
  installed = true;
  await time.advance(60_000);
  expect(later.unlisted()).toEqual([]);
  stop.abort();
  await running;
});

test('kinds of routes that a cluster may be without are not among those that a class misses', async () => {
  const client = new MemoryClient();
  client.list = () => Promise.reject(refusal(404, 'NotFound'));
  const bare = openCaches({ client, clock, random: () => 0, logger: silentLogger });
  const stop = new AbortController();
  const running = bare.run(stop.signal);
  await bare.settled;
  expect(kindsNotInstalled(bare).optional).not.toContain('TCPRoute');
  expect(kindsNotInstalled(bare).needed).toContain('HTTPRoute');
  stop.abort();
  await running;
});

test('a kind is surely not installed when the API server has said so for half a minute', async () => {
  const client = new MemoryClient();
  client.list = () => Promise.reject(refusal(404, 'NotFound'));
  const waiting = openCaches({ client, clock, random: () => 0, logger: silentLogger });
  const stop = new AbortController();
  const running = waiting.run(stop.signal);
  await waiting.settled;
  expect([waiting.missing().includes('Gateway'), waiting.absent()]).toEqual([true, []]);
  await clock.advance(30_000);
  expect(waiting.absent()).toContain('Gateway');
  stop.abort();
  await running;
});
