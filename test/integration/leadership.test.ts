// Two Gatehouses: only the leader may call AWS, whatever happens to either.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { get } from '../../localstack/cluster/apply.ts';
import type { Gatehouse } from '../../localstack/gatehouse.ts';
import { awsOf, rulesOf } from './support/aws.ts';
import { type AwsFaults, startAwsFaults } from './support/aws-faults.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { everythingOfOurs } from './support/left.ts';
import { gateway, httpRoute } from './support/objects.ts';
import { programmed, removeAndWait } from './support/status.ts';

/** A Gatehouse with its own proxy to AWS, which counts its calls. */
interface Candidate {
  readonly gatehouse: Gatehouse;
  readonly proxy: AwsFaults;
}

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

vi.setConfig({ testTimeout: 120_000 });

let rig: Rig;
const proxies: AwsFaults[] = [];

beforeAll(async () => {
  rig = await startRig();
  await rig.gatehouse.stop();
});
afterAll(async () => {
  await rig.stop();
  for (const proxy of proxies) await proxy.close();
});

async function candidate(): Promise<Candidate> {
  const proxy = await startAwsFaults(rig.aws.url);
  proxies.push(proxy);
  const flags = { 'enable-leader-election': 'true' };
  return { proxy, gatehouse: await rig.startGatehouse({ flags, env: { AWS_ENDPOINT_URL: proxy.url } }) };
}

const lease = () =>
  get<Lease>(rig.cluster.admin, '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/gatehouse');

const holder = async (): Promise<string | undefined> => (await lease())?.spec.holderIdentity;

const callsOf = ({ proxy }: Candidate): number => proxy.calls.length;

const isWrite = (action: string): boolean => !/:(Describe|Get|List)/.test(action);

/** A new Gateway with a route. */
async function shop(name: string) {
  const ns = await rig.freshNamespace(name);
  await rig.backend(ns, 'web');
  const gw = gateway(ns, 'gw');
  await rig.apply([gw, httpRoute(ns, 'web', ['gw'], ['web'])]);
  const serves = () => eventually(() => expect(rulesOf(rig, `${ns}/gw`)).toEqual([`path /* -> ${ns}/web:80=1`]));
  return { ns, gw, serves };
}

test('one leads, and when it gets SIGTERM, the other takes over at once', async () => {
  const one = await candidate();
  await eventually(async () => expect(await holder()).toBeTruthy());
  const two = await candidate();
  const { gw, serves } = await shop('terminated');
  await programmed(rig, gw);
  await serves();
  expect(callsOf(one)).toBeGreaterThan(0);
  expect(callsOf(two)).toBe(0);

  const first = await holder();
  const asked = performance.now();
  expect(await one.gatehouse.stop('SIGTERM')).toBe(0);
  await eventually(async () => {
    const now = await holder();
    expect(now).toBeTruthy();
    expect(now).not.toBe(first);
  });
  // Nobody waits for the fifteen seconds of the lease. The limit is for slow machines.
  expect(performance.now() - asked).toBeLessThan(8000);
  const before = two.proxy.calls.length;
  const next = await shop('taken-over');
  await programmed(rig, next.gw);
  await next.serves();
  expect(two.proxy.calls.slice(before).some(isWrite)).toBe(true);
  await two.gatehouse.stop('SIGTERM');
  expect(await holder()).toBe('');
});

test('a Gatehouse that starts on existing resources changes nothing', async () => {
  const again = await candidate();
  await eventually(() => expect(callsOf(again)).toBeGreaterThan(0));
  await untilQuiet(rig);
  expect(again.proxy.calls.filter(isWrite)).toEqual([]);
  await again.gatehouse.stop('SIGTERM');
});

test('when the leader is killed, the other takes over once the lease has run out', async () => {
  const one = await candidate();
  await eventually(() => expect(callsOf(one)).toBeGreaterThan(0));
  const two = await candidate();
  const first = await holder();
  const { gw, serves } = await shop('killed');
  // In the middle of its work.
  await eventually(() => expect(one.proxy.calls.some(isWrite)).toBe(true));
  await one.gatehouse.stop('SIGKILL');
  await sleep(3000);
  expect(await holder()).toBe(first);
  expect(callsOf(two)).toBe(0);
  await programmed(rig, gw);
  await serves();
  expect(await holder()).not.toBe(first);
  expect(callsOf(two)).toBeGreaterThan(0);
  await two.gatehouse.stop('SIGTERM');
}, 120_000);

test('a leader that was frozen for longer than its lease calls AWS no more, and stands by', async () => {
  const one = await candidate();
  await eventually(() => expect(callsOf(one)).toBeGreaterThan(0));
  const two = await candidate();
  const first = await holder();
  const { ns, gw, serves } = await shop('frozen');
  await eventually(() => expect(one.proxy.calls.some(isWrite)).toBe(true));
  process.kill(one.gatehouse.pid, 'SIGSTOP');
  let before: number;
  try {
    await eventually(async () => expect(await holder()).not.toBe(first));
    await programmed(rig, gw);
    await serves();
    before = callsOf(one);
  } finally {
    process.kill(one.gatehouse.pid, 'SIGCONT');
  }
  const web = await shop('after-frost');
  await programmed(rig, web.gw);
  await web.serves();
  await sleep(3000);
  expect(one.proxy.calls.slice(before)).toEqual([]);
  expect(awsOf(rig, `${ns}/gw`).loadBalancers).toHaveLength(1);

  // It is a candidate again: it leads when the other one stops.
  const second = await holder();
  await two.gatehouse.stop('SIGTERM');
  await eventually(async () => {
    expect(await holder()).toBeTruthy();
    expect(await holder()).not.toBe(second);
  });
  await removeAndWait(rig, gw);
  await removeAndWait(rig, web.gw);
  expect(callsOf(one)).toBeGreaterThan(before);
  expect(everythingOfOurs(rig.aws).filter((thing) => thing.startsWith(`${ns}/`))).toEqual([]);
  expect(await one.gatehouse.stop('SIGTERM')).toBe(0);
}, 120_000);
