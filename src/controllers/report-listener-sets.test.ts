import { expect, test } from 'vitest';
import type { HttpRoute, ListenerSet } from '../api/gateway-api.ts';
import * as kinds from '../api/kinds.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import { type Condition, objectKey } from '../kube/object.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { inventedWords } from '../provider/testing/invented.ts';
import { findingsOf, noFindings } from '../status/findings.ts';
import { openCaches } from './caches.ts';
import { reportListenerSets, reportOrphans, resetListenerSets } from './report-listener-sets.ts';
import { reportRoutes } from './report-routes.ts';
import { reconcileStaleRoutes } from './stale-routes.ts';

const apiVersion = 'gateway.networking.k8s.io/v1';
const controllerName = 'gatehouse.dev/aws';
const web = objectKey({ namespace: 'shop', name: 'web' });
const theirs = objectKey({ namespace: 'shop', name: 'theirs' });
const key = objectKey({ namespace: 'shop', name: 'more' });
const set = (gateway: string, generation: number): ListenerSet => ({
  apiVersion,
  kind: 'ListenerSet',
  metadata: { namespace: 'shop', name: 'more', generation },
  spec: { parentRef: { name: gateway }, listeners: [{ name: 'http', port: 8080, protocol: 'HTTP' }] },
});
const parent = { group: 'gateway.networking.k8s.io', kind: 'ListenerSet', name: 'more' };
const others = { parentRef: parent, controllerName: 'example.com/other' };
const route: HttpRoute = {
  apiVersion,
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: 'site', generation: 1 },
  spec: { parentRefs: [parent] },
  status: { parents: [{ parentRef: parent, controllerName }, others] },
};
const listener = { name: `${key}/http`, ofSet: { listenerSet: key, section: 'http' }, port: 'http/8080' } as const;
const translation = { listeners: [{ ...listener, supportedKinds: [], valid: true }], attachments: [] };
const outcome = {
  findings: findingsOf(translation, [], inventedWords),
  attachedRoutes: new Map(),
  provisioned: { addresses: [], ports: new Set<PortKey>(['http/8080']), admits: true, waiting: '', complete: true },
  overdue: false,
};
const attachment = {
  route: { kind: 'HTTPRoute', key: objectKey(route.metadata) },
  parentRef: parent,
  generation: 1,
  listeners: [listener.name],
  rules: 0,
} as const;

const { signal } = new AbortController();

async function startCluster() {
  const client = new MemoryClient();
  await client.create(kinds.listenerSets, set('web', 1), signal);
  await client.create(kinds.httpRoutes, route, signal);
  const clock = new FakeClock();
  const caches = openCaches({ client, clock, random: () => 0, logger: silentLogger });
  void caches.run(signal);
  await caches.settled;
  const context = {
    client,
    clock,
    events: { record: () => undefined },
    caches,
    controllerName,
    lastReported: new Map(),
  };
  const live = () => client.get(kinds.listenerSets, key, signal);
  return {
    context,
    caches,
    seen: () => caches.listenerSets.list(),
    live,
    change: async (changed: Partial<ListenerSet>) => {
      const current = await live();
      const metadata = { ...current.metadata, ...changed.metadata };
      await client.update(kinds.listenerSets, { ...current, ...changed, metadata }, signal);
      await clock.advance(1000);
    },
    remove: async () => {
      await client.delete(kinds.listenerSets, key, signal);
      await clock.advance(1000);
    },
    reasons: async () => (await live()).status?.conditions?.map(({ reason }) => reason),
    routeBy: async () =>
      (await client.get(kinds.httpRoutes, objectKey(route.metadata), signal)).status?.parents?.map(
        (entry) => entry.controllerName,
      ),
  };
}

const moved = (): Partial<ListenerSet> => {
  const { metadata, spec } = set('theirs', 2);
  return { metadata, spec };
};
const word: Condition = {
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message: 'Welcome.',
  lastTransitionTime: '2026-11-23T12:00:00Z',
};

test("of a ListenerSet that has moved to another controller's Gateway, what we have said goes", async () => {
  const { context, seen, change, live, reasons, routeBy } = await startCluster();
  await reportListenerSets(context, seen(), outcome, signal);
  expect(await reasons()).toEqual(['Accepted', 'Programmed']);
  await change(moved());
  await resetListenerSets(context, theirs, signal);
  await reportRoutes(context, theirs, noFindings(inventedWords), signal);
  expect(await reasons()).toEqual(['Pending', 'Pending']);
  expect((await live()).status?.listeners).toEqual([]);
  expect(await routeBy()).toEqual([others.controllerName]);
});

test('what another controller has said of a ListenerSet that has moved to its Gateway stays', async () => {
  const { context, seen, change, live } = await startCluster();
  await reportListenerSets(context, seen(), outcome, signal);
  await change({ ...moved(), status: { conditions: [word] } });
  await resetListenerSets(context, theirs, signal);
  expect((await live()).status?.conditions).toEqual([word]);
});

test('what another controller has said of a ListenerSet that never was ours stays', async () => {
  const { context, change, live } = await startCluster();
  await change({ ...moved(), status: { conditions: [word] } });
  await resetListenerSets(context, theirs, signal);
  expect((await live()).status?.conditions).toEqual([word]);
});

test('a ListenerSet that waits for its Gateway is left waiting', async () => {
  const { context, reasons } = await startCluster();
  await reportOrphans(context, web, signal);
  expect(await reasons()).toBeUndefined();
});

test('a pass writes no status to a ListenerSet that has changed since the pass began', async () => {
  const { context, seen, change, reasons } = await startCluster();
  const before = seen();
  await change({ metadata: set('web', 2).metadata });
  await reportListenerSets(context, before, outcome, signal);
  expect(await reasons()).toBeUndefined();
});

test('a long pass does not write back what a route said of a ListenerSet that has gone meanwhile', async () => {
  const { context, caches, remove, routeBy } = await startCluster();
  const findings = findingsOf({ ...translation, attachments: [attachment] }, [], inventedWords);
  await reportRoutes(context, web, findings, signal);
  expect(await routeBy()).toEqual([controllerName, others.controllerName]);
  await remove();
  await reconcileStaleRoutes([{ ...context, provider: { words: inventedWords } }], caches, key, signal);
  expect(await routeBy()).toEqual([others.controllerName]);
  await reportRoutes(context, web, findings, signal);
  expect(await routeBy()).toEqual([others.controllerName]);
});

test('a ListenerSet whose status is refused keeps no other one from its own', async () => {
  const { context, caches } = await startCluster();
  const name = objectKey({ namespace: 'shop', name: 'also' });
  const also = { ...set('web', 1), metadata: { namespace: 'shop', name: 'also', generation: 1 } };
  await context.client.create(kinds.listenerSets, also, signal);
  await context.clock.advance(1000);
  context.client.intercept = (action) => {
    if (action === `PATCH listenersets ${key}`) throw new Error('a webhook says no');
  };
  const report = reportListenerSets(context, caches.listenerSets.list(), outcome, signal);
  await expect(report).rejects.toThrow('a webhook says no');
  expect((await context.client.get(kinds.listenerSets, name, signal)).status).toBeDefined();
});
