import { expect, test } from 'vitest';
import type { Gateway, HttpRoute, RouteParentStatus } from '../api/gateway-api.ts';
import * as kinds from '../api/kinds.ts';
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { Attachment, Translation } from '../gateway/topology.ts';
import type { EventNote } from '../kube/events.ts';
import { frozen, objectKey } from '../kube/object.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { hindrance, inventedWords } from '../provider/testing/invented.ts';
import { apiFinding } from './api-findings.ts';
import { findingsOf, noFindings } from './findings.ts';
import type { GatewayOutcome } from './gateway-status.ts';
import { type ReportContext, reportGateway, reportRemoval, reportRoute } from './report.ts';
import type { RouteOutcome } from './route-status.ts';

const { signal } = new AbortController();
const apiVersion = 'gateway.networking.k8s.io/v1';
const key = objectKey({ namespace: 'shop', name: 'web' });
const route = { kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name: 'cart' }) } as const;

const gateway: Gateway = {
  apiVersion,
  kind: 'Gateway',
  metadata: { namespace: 'shop', name: 'web', generation: 3 },
  spec: { gatewayClassName: 'aws', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
};
const httpRoute: HttpRoute = {
  apiVersion,
  kind: 'HTTPRoute',
  metadata: { namespace: 'shop', name: 'cart', generation: 5 },
  spec: { parentRefs: [{ name: 'web' }] },
};

const translation: Pick<Translation, 'listeners' | 'attachments'> = {
  listeners: [{ name: 'http', port: 'http/80' as const, supportedKinds: [], valid: true }],
  attachments: [],
};
const address = { type: 'Hostname', value: 'lb.example.com' };
const waiting = {
  addresses: [],
  ports: new Set<PortKey>(),
  admits: false,
  waiting: 'The load balancer does not exist yet.',
  complete: false,
};
const serving = {
  addresses: [address],
  ports: new Set<PortKey>(['http/80']),
  admits: true,
  waiting: '',
  complete: true,
};
const outcome = (more: Partial<GatewayOutcome>): GatewayOutcome => ({
  generation: 3,
  findings: findingsOf(translation, [], inventedWords),
  attachedRoutes: new Map(),
  provisioned: serving,
  overdue: false,
  ...more,
});

function start() {
  const client = new MemoryClient();
  const clock = new FakeClock();
  const recorded: Pick<EventNote, 'type' | 'reason'>[] = [];
  const events = { record: (_: unknown, { type, reason }: EventNote) => void recorded.push({ type, reason }) };
  const context: ReportContext = { client, clock, events, controllerName: 'gatehouse.dev/aws' };
  const writes = () => client.actions.filter((action) => action.startsWith('PATCH')).length;
  const status = async () => (await client.get(kinds.gateways, key, signal)).status;
  const condition = async (type: string) => (await status())?.conditions?.find((each) => each.type === type);
  const parents = async () => (await client.get(kinds.httpRoutes, route.key, signal)).status?.parents ?? [];
  return { client, clock, context, recorded, writes, status, condition, parents };
}

test('a Gateway reports once that it is served, in its status and in an Event', async () => {
  const { client, context, recorded, writes, condition, status } = start();
  const created = await client.create(kinds.gateways, gateway, signal);
  await reportGateway(context, created, outcome({ provisioned: waiting }), signal);
  expect(await condition('Programmed')).toMatchObject({ status: 'False', reason: 'Pending', observedGeneration: 3 });
  for (const _ of ['first', 'again']) {
    await reportGateway(context, await client.get(kinds.gateways, key, signal), outcome({}), signal);
  }
  expect(await condition('Programmed')).toMatchObject({ status: 'True', reason: 'Programmed' });
  expect((await status())?.addresses).toEqual([address]);
  expect(writes()).toBe(2);
  expect(recorded).toEqual([
    { type: 'Normal', reason: 'Pending' },
    { type: 'Normal', reason: 'Programmed' },
  ]);
});

test('a condition keeps the time of its last change of status, and the conditions of others stay', async () => {
  const { client, clock, context, condition } = start();
  const lastTransitionTime = '2025-01-01T00:00:00Z';
  const foreign = {
    type: 'example.com/Seen',
    status: 'True',
    reason: 'Seen',
    message: '',
    lastTransitionTime,
  } as const;
  const accepted = { ...foreign, type: 'Accepted', reason: 'Accepted', observedGeneration: 2 } as const;
  const created = await client.create(
    kinds.gateways,
    { ...gateway, status: { conditions: [foreign, accepted] } },
    signal,
  );
  await clock.advance(60_000);
  await reportGateway(context, created, outcome({}), signal);
  expect(await condition('example.com/Seen')).toEqual(foreign);
  expect(await condition('Accepted')).toMatchObject({ lastTransitionTime, observedGeneration: 3 });
  expect(await condition('Programmed')).toMatchObject({ lastTransitionTime: '2026-01-01T00:01:00Z' });
});

test('a pass writes no status if the Gateway has changed since the pass read it', async () => {
  const { client, context, writes } = start();
  const created = await client.create(
    kinds.gateways,
    { ...gateway, metadata: { ...gateway.metadata, generation: 4 } },
    signal,
  );
  await reportGateway(context, created, outcome({}), signal);
  expect(writes()).toBe(0);
});

test('a serving Gateway stays programmed while the provider does not answer, and reports that once, after a while', async () => {
  const { client, context, recorded, writes, condition, status } = start();
  await reportGateway(context, await client.create(kinds.gateways, gateway, signal), outcome({}), signal);
  const found = [hindrance('Nobody answers.', { programmed: 'Pending', upToDate: 'NotAnswered', passing: true })];
  const unread = { provisioned: undefined, findings: findingsOf(translation, found, inventedWords) };
  const report = async (overdue: boolean) =>
    await reportGateway(
      context,
      await client.get(kinds.gateways, key, signal),
      outcome({ ...unread, overdue }),
      signal,
    );
  recorded.length = 0;
  const before = writes();
  await report(false);
  expect(writes()).toBe(before);
  await report(true);
  await report(true);
  expect(writes()).toBe(before + 1);
  expect((await status())?.addresses).toEqual([address]);
  expect(await condition('Accepted')).toMatchObject({ status: 'True' });
  expect(await condition('Programmed')).toMatchObject({ status: 'True', message: 'The load balancer is active.' });
  expect((await status())?.listeners?.[0]?.conditions.find(({ type }) => type === 'Programmed')?.status).toBe('True');
  const upToDate = await condition('gatehouse.dev/UpToDate');
  expect(upToDate).toMatchObject({ status: 'False', reason: 'NotAnswered', message: 'Nobody answers.' });
  expect(recorded).toEqual([{ type: 'Warning', reason: 'NotAnswered' }]);
});

test('a Gateway that is being deleted says why it still exists', async () => {
  const { client, context, condition } = start();
  const created = await client.create(kinds.gateways, gateway, signal);
  await reportRemoval(
    context,
    created,
    {
      found: [hindrance('Nobody answers.', { passing: true })],
      overdue: true,
      words: inventedWords,
    },
    signal,
  );
  expect((await condition('Programmed'))?.message).toBe(`${inventedWords.removing} Nobody answers.`);
});

const attachment: Attachment = {
  route,
  parentRef: { name: 'web' },
  generation: 5,
  listeners: ['http'],
  rules: 1,
};
const ofRoute = (more: Partial<RouteOutcome>): RouteOutcome => ({
  gateway: key,
  listenerSets: new Set(),
  controllerName: 'gatehouse.dev/aws',
  attachments: [attachment],
  findings: noFindings(inventedWords),
  ...more,
});
const foreignParents: readonly RouteParentStatus[] = [
  { parentRef: { name: 'web' }, controllerName: 'example.com/other', conditions: [] },
  { parentRef: { name: 'web2' }, controllerName: 'gatehouse.dev/aws', conditions: [] },
];

test('a route gets the status of its Gateway beside those of other controllers and Gateways', async () => {
  const { client, context, parents, recorded } = start();
  const created = await client.create(kinds.httpRoutes, { ...httpRoute, status: { parents: foreignParents } }, signal);
  await reportRoute(context, created, ofRoute({}), signal);
  const [first, second, own, ...none] = await parents();
  expect([first, second]).toEqual(foreignParents);
  expect(own?.conditions).toMatchObject([
    { type: 'Accepted', status: 'True', observedGeneration: 5 },
    { type: 'ResolvedRefs' },
  ]);
  expect(none).toEqual([]);
  expect(recorded).toEqual([]);
  await reportRoute(
    context,
    await client.get(kinds.httpRoutes, route.key, signal),
    ofRoute({ attachments: [] }),
    signal,
  );
  expect(await parents()).toEqual(foreignParents);
});

test('a route that loses its backend gets one Warning', async () => {
  const { client, context, recorded } = start();
  await client.create(kinds.httpRoutes, httpRoute, signal);
  const service = objectKey({ namespace: 'shop', name: 'cart' });
  const problem = { kind: 'backend-not-found', route, rule: 0, field: 'backendRefs[0]', service } as const;
  const findings = findingsOf(translation, [apiFinding(problem, inventedWords)], inventedWords);
  for (const outcomes of [ofRoute({}), ofRoute({ findings }), ofRoute({ findings })]) {
    await reportRoute(context, await client.get(kinds.httpRoutes, route.key, signal), outcomes, signal);
  }
  expect(recorded).toEqual([{ type: 'Warning', reason: 'BackendNotFound' }]);
});

test('a status that was written is not written again before the cache has it', async () => {
  const { client, context, parents } = start();
  const cached = frozen(await client.create(kinds.httpRoutes, httpRoute, signal));
  const ours = ofRoute({});
  await reportRoute(context, cached, ours, signal);
  const written = await client.get(kinds.httpRoutes, route.key, signal);
  await reportRoute(context, cached, ours, signal);
  expect(await client.get(kinds.httpRoutes, route.key, signal)).toEqual(written);
  expect(await parents()).toHaveLength(1);
  await reportRoute(context, frozen(written), { ...ours, attachments: [] }, signal);
  expect(await parents()).toEqual([]);
});

test('a deleted route gets no Event, and no error', async () => {
  const { context, recorded } = start();
  await reportRoute(context, httpRoute, ofRoute({}), signal);
  expect(recorded).toEqual([]);
});
