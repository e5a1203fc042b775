// Gatehouse is killed during its work, or answers get lost. The next Gatehouse continues, and AWS reaches the expected state,
// with nothing twice.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import { ApiError } from '../../localstack/cluster/connection.ts';
import { endpointSlice } from '../../localstack/environment.ts';
import type { Gateway, HttpRoute } from '../../src/api/gateway-api.ts';
import type { Condition } from '../../src/kube/object.ts';
import { awsOf, rulesOf } from './support/aws.ts';
import { type Around, type AwsFaults, startAwsFaults } from './support/aws-faults.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { everythingOfOurs } from './support/left.ts';
import { gateway, http, httpRoute, https, service } from './support/objects.ts';
import { gatewayPath, programmed, readGateway, routePath } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

// Each test starts Gatehouse several times.
vi.setConfig({ testTimeout: 180_000 });

let rig: Rig;
let proxy: AwsFaults;

type Moment = 'before' | 'after';

/** When to kill: at which changing call from now on, before or after AWS has carried it out. */
let strike: { left: number; readonly moment: Moment; readonly struck: () => void } | undefined;

const isRead = (action: string): boolean => /:(Describe|Get|List)/.test(action);

const around: Around = async ({ action }, forward) => {
  if (strike === undefined || isRead(action)) return forward();
  strike.left -= 1;
  if (strike.left !== 0) return forward();
  const { moment, struck } = strike;
  strike = undefined;
  if (moment === 'after') await forward();
  await rig.gatehouse.stop('SIGKILL');
  struck();
  return undefined;
};

beforeAll(async () => {
  rig = await startRig({ aws: { provisioningSeconds: 0, healthSeconds: 0 } });
  proxy = await startAwsFaults(rig.aws.url, around);
  await rig.restart({ env: { AWS_ENDPOINT_URL: proxy.url } });
});
afterAll(async () => {
  await rig.stop();
  await proxy.close();
});

/** After a failed test, Gatehouse runs and there is no Gateway, so the next test begins like the first. */
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  strike = undefined;
  await restart();
  const { items } = await rig.cluster.admin.request<{ items: readonly Gateway[] }>('GET', allGateways);
  await rig.remove(items.map(({ metadata }) => gateway(metadata.namespace ?? '', metadata.name, [])));
  for (const { metadata } of items) await gone(gatewayPath(metadata.namespace ?? '', metadata.name));
}, 120_000);

const allGateways = '/apis/gateway.networking.k8s.io/v1/gateways';

const restart = () => rig.restart({ env: { AWS_ENDPOINT_URL: proxy.url } });

const gone = (path: string) => waitFor(rig.cluster.admin, path, (found) => found === undefined, { timeoutMs: 45_000 });

/** A Gateway with HTTPS and three routes, and its change. */
async function shop(name: string) {
  const ns = await rig.freshNamespace(name);
  const services = ['api', 'web', 'docs'];
  const made: KubeObject[] = [
    await tlsSecret(ns, 'one', ['one.example.com']),
    await tlsSecret(ns, 'two', ['two.example.com']),
    ...services.flatMap((each, index) => [
      service(ns, each),
      endpointSlice(ns, each, [`10.0.48.${20 + index}`], 8080, { portName: 'http' }),
    ]),
  ];
  await rig.apply(made);
  const route = (each: string) => httpRoute(ns, each, ['gw'], [each], { hostnames: [`${each}.example.com`] });
  return {
    ns,
    gw: `${ns}/gw`,
    first: [gateway(ns, 'gw', [https(['one'])]), ...services.map(route)],
    // Another port, a second certificate, one route less.
    second: [gateway(ns, 'gw', [https(['one', 'two']), http()])],
    dropped: [route('docs')],
  };
}

type Shop = Awaited<ReturnType<typeof shop>>;

/** Everything that a Gateway and its cluster have in AWS, in words that are the same for every namespace. */
function shape({ ns, gw }: Shop): readonly string[] {
  const { listeners, targetGroups } = awsOf(rig, gw);
  return [
    ...everythingOfOurs(rig.aws),
    ...listeners.flatMap(({ listener, words }) =>
      words.map((word) => `${listener.port} with ${listener.certificates.size} more certificates: ${word}`),
    ),
    ...targetGroups.map(({ name, targets }) => `${name} has ${targets.join(' ')}`),
  ].map((line) => line.replaceAll(ns, 'NS'));
}

const is = async (made: Shop, wanted: readonly string[]): Promise<void> => {
  await eventually(() => expect(shape(made)).toEqual(wanted));
  await eventually(async () => {
    const conditions = (await readGateway(rig, made.ns, 'gw'))?.status?.conditions ?? [];
    expect(conditions.find(({ type }) => type === 'Programmed')?.status).toBe('True');
  });
};

const change = async ({ second, dropped }: Shop): Promise<void> => {
  await rig.apply(second);
  await rig.remove(dropped);
};

const remove = ({ first }: Shop) => rig.remove(first);

const isGone = async ({ ns }: Shop): Promise<void> => {
  await gone(gatewayPath(ns, 'gw'));
  expect(everythingOfOurs(rig.aws)).toEqual([]);
};

/** Kills Gatehouse at its nth changing call from now on. @returns a promise that resolves after the kill */
function killAt(left: number, moment: Moment): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  strike = { left, moment, struck: resolve };
  return promise;
}

/**
 * Whether the kill has not begun; then it never will. A kill at the last call may still be running when AWS already has the
 * expected state.
 */
function isSpared(): boolean {
  const spared = strike !== undefined;
  strike = undefined;
  return spared;
}

/** Kills Gatehouse at the nth changing call of the act, if there are that many, and starts it again. */
async function killing(
  act: () => Promise<unknown>,
  done: () => Promise<void>,
  [left, moment]: readonly [number, Moment],
): Promise<void> {
  const struck = killAt(left, moment);
  await act();
  await Promise.race([struck, done()]);
  if (isSpared()) return;
  await struck;
  await restart();
  await done();
}

/** The result of an undisturbed Gatehouse, before and after the change. */
let shapes: { readonly first: readonly string[]; readonly second: readonly string[] };

beforeAll(async () => {
  const made = await shop('calm');
  await rig.apply(made.first);
  await programmed(rig, gateway(made.ns, 'gw'));
  await eventually(() => expect(rulesOf(rig, made.gw, 443)).toHaveLength(3));
  await eventually(() => expect(shape(made).filter((line) => line.includes('has 10.'))).toHaveLength(3));
  const first = shape(made);
  await change(made);
  await eventually(() => expect(rulesOf(rig, made.gw, 80)).toHaveLength(2));
  await eventually(() => expect(rulesOf(rig, made.gw, 443)).toHaveLength(2));
  await eventually(() => expect(shape(made).some((line) => line.includes('1 more'))).toBe(true));
  shapes = { first, second: shape(made) };
  await remove(made);
  await isGone(made);
});

/** More than the number of changing calls in any of these tests. */
const moments = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21];

test.each(moments.map((call, index) => [call, index % 2 === 0 ? 'after' : 'before'] as const))(
  'a crash at change %i, %s AWS has made it, leaks nothing and doubles nothing',
  async (call, moment) => {
    const made = await shop('crash');
    await killing(
      () => rig.apply(made.first),
      () => is(made, shapes.first),
      [call, moment],
    );
    await killing(
      () => change(made),
      () => is(made, shapes.second),
      [call, moment],
    );
    await killing(
      () => remove(made),
      () => isGone(made),
      [call, moment],
    );
    expect(everythingOfOurs(rig.aws)).toEqual([]);
  },
);

test('a Gatehouse that crashes again and again gets done all the same', async () => {
  const made = await shop('often');
  await rig.apply(made.first);
  let kills = 0;
  while (kills < 6) {
    const struck = killAt(1, 'after');
    await Promise.race([struck, is(made, shapes.first)]);
    if (isSpared()) break;
    await struck;
    kills += 1;
    await restart();
  }
  expect(kills).toBeGreaterThan(1);
  await is(made, shapes.first);
  await remove(made);
  await isGone(made);
  expect(everythingOfOurs(rig.aws)).toEqual([]);
});

test('answers that never come back double nothing', async () => {
  const made = await shop('lost');
  const changes = [
    'elasticloadbalancing:Create(LoadBalancer|TargetGroup|Listener|Rule)',
    'elasticloadbalancing:(RegisterTargets|AddListenerCertificates|AddTags|ModifyTargetGroupAttributes)',
    'ec2:(CreateSecurityGroup|AuthorizeSecurityGroupIngress|CreateTags)',
    'acm:(ImportCertificate|AddTagsToCertificate)',
    'elasticloadbalancing:Delete(LoadBalancer|TargetGroup|Listener|Rule)',
    'ec2:(DeleteSecurityGroup|RevokeSecurityGroupIngress)',
    'acm:DeleteCertificate',
  ];
  for (const action of changes) {
    const end = proxy.inject({ action: new RegExp(`^${action}$`), does: { kind: 'lose-answer' }, times: 2 });
    onTestFinished(end);
  }
  const before = proxy.met.length;
  await rig.apply(made.first);
  await is(made, shapes.first);
  await change(made);
  await is(made, shapes.second);
  await remove(made);
  await isGone(made);
  expect(proxy.met.length - before).toBeGreaterThan(8);
});

test('an API server that dies in the middle of it all is waited for', async () => {
  const made = await shop('server');
  await rig.apply(made.first);
  await sleep(150);
  await rig.cluster.killApiServer();
  await sleep(1000);
  await rig.cluster.restartApiServer();
  await is(made, shapes.first);
  await change(made);
  await is(made, shapes.second);
  await rig.cluster.restartApiServer();
  await remove(made);
  await isGone(made);
  expect(everythingOfOurs(rig.aws)).toEqual([]);
});

interface Stated {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** Another controller. It writes its own condition as often as it can, and never overwrites changes that it has not seen. */
async function foreignWriter(path: string, until: AbortSignal): Promise<number> {
  let written = 0;
  for (let count = 1; !until.aborted; count += 1) {
    const object = await rig.cluster.admin.request<Stated & KubeObject>('GET', path);
    const others = (object.status?.conditions ?? []).filter(({ type }) => type !== 'example.com/Count');
    const own = {
      type: 'example.com/Count',
      status: 'True',
      reason: 'Counted',
      message: `${count}`,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const status = { ...object.status, conditions: [...others, own] };
    try {
      await rig.cluster.admin.request('PUT', `${path}/status`, { body: { ...object, status } });
      written = count;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
    }
  }
  return written;
}

test('what another controller writes into the same status is never lost', async () => {
  const made = await shop('shared');
  const stop = new AbortController();
  await rig.apply(made.first);
  const path = gatewayPath(made.ns, 'gw');
  const writing = foreignWriter(path, stop.signal);
  try {
    await is(made, shapes.first);
    await change(made);
    await is(made, shapes.second);
  } finally {
    stop.abort();
    await writing;
  }
  const written = await writing;
  expect(written).toBeGreaterThan(10);
  const conditions = (await rig.cluster.admin.request<Gateway>('GET', path)).status?.conditions ?? [];
  expect(conditions.find(({ type }) => type === 'example.com/Count')?.message).toBe(`${written}`);
  expect(conditions.map(({ type }) => type).toSorted()).toEqual([
    'Accepted',
    'Programmed',
    'example.com/Count',
    'gatehouse.dev/UpToDate',
  ]);
  const route = await rig.cluster.admin.request<HttpRoute>('GET', routePath(made.ns, 'web'));
  expect(route.status?.parents).toHaveLength(1);
  await remove(made);
  await isGone(made);
});
