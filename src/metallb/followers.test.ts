// Two replicas: one leads, and learns from the other what its Envoys have.
import { expect, test } from 'vitest';
import { type ConfigMap, configMaps } from '../api/kinds.ts';
import type { Summary } from '../envoy/ads/summary.ts';
import { type Clock, systemClock } from '../kube/clock.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { elsewhere, REPORT_LABEL, runReports } from './followers.ts';
import { changedIn, reportedBy, reportOf } from './report.ts';

const web = objectKey({ namespace: 'shop', name: 'web.example' });
const summary = (pods: readonly string[], isCurrent = true): Summary => ({
  groups: [{ pods: [...pods], isCurrent, listeners: ['tcp/80'] }],
  rejected: [],
});
const key = objectKey({ namespace: 'gatehouse-system', name: 'gatehouse-envoys-two' });

/** A second takes 10 ms. */
const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) };

function start(summaries: ReadonlyMap<ObjectKey, Summary>, leads: { now: boolean }, reports: ConfigMap[] = []) {
  const client = new MemoryClient();
  const stop = new AbortController();
  const context = { client, clock, logger: silentLogger, namespace: 'gatehouse-system' };
  const options = {
    context,
    name: 'gatehouse-envoys-two',
    isLeading: () => leads.now,
    summaries: () => summaries,
    reports: { list: () => reports },
  };
  const ended = runReports(options, stop.signal);
  const report = () => client.get(configMaps, key, new AbortController().signal).catch(() => undefined);
  const writes = () => client.actions.filter((action) => action.startsWith('PATCH')).length;
  return { client, stop, ended, report, writes };
}

const of = (report: ConfigMap | undefined) => ({ list: () => (report === undefined ? [] : [report]) });

test('a replica that does not lead says what its Envoys have, once, and again when it changes', async () => {
  const summaries = new Map([[web, summary(['shop/a'])]]);
  const { stop, ended, report, writes } = start(summaries, { now: false });
  await expect.poll(async () => reportedBy(of(await report()), web, Date.now())).toEqual([summary(['shop/a'])]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(writes()).toBe(1);
  const before = await report();
  summaries.set(web, summary(['shop/a', 'shop/b']));
  await expect.poll(writes).toBe(2);
  expect(changedIn(before, await report())).toEqual([web]);
  stop.abort();
  await ended;
  expect(await report()).toBeUndefined();
});

test('a replica that begins to lead takes its report back', async () => {
  const leads = { now: false };
  const { stop, report } = start(new Map([[web, summary(['shop/a'])]]), leads);
  await expect.poll(report).toBeDefined();
  leads.now = true;
  await expect.poll(report).toBeUndefined();
  stop.abort();
});

test('the report of a replica that has ended is not believed for long', async () => {
  const { stop, report } = start(new Map([[web, summary(['shop/a'])]]), { now: false });
  await expect.poll(report).toBeDefined();
  const found = of(await report());
  expect(reportedBy(found, web, Date.now() + 179_000)).toHaveLength(1);
  expect(reportedBy(found, web, Date.now() + 181_000)).toEqual([]);
  stop.abort();
});

test('an Envoy that is connected here counts here only', () => {
  const reported = [summary(['shop/a', 'shop/b'], false), summary(['shop/a'], false)];
  expect(elsewhere(reported, summary(['shop/a']))).toEqual([summary(['shop/b'], false), { groups: [], rejected: [] }]);
});

test('the leader deletes the report of a replica that has ended, and leaves the others', async () => {
  const reports: ConfigMap[] = [];
  const { client, stop } = start(new Map(), { now: true }, reports);
  const { signal } = stop;
  const made = await Promise.all(
    [1_000, 181_000].map((ago) => {
      const name = `gatehouse-envoys-${ago}`;
      const metadata = { namespace: 'gatehouse-system', name, labels: { [REPORT_LABEL]: '' } };
      const renewed = new Date(Date.now() - ago).toISOString();
      const data = { ...reportOf(new Map([[web, summary(['shop/a'])]])), renewed };
      return client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, signal);
    }),
  );
  reports.push(...made);
  const names = async () => (await client.list(configMaps)).items.map((each) => each.metadata.name);
  await expect.poll(names).toEqual(['gatehouse-envoys-1000']);
  expect(changedIn(made[1], undefined)).toEqual([web]);
  stop.abort();
});
