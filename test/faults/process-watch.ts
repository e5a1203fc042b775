// Watches a process through its metrics and /proc: how long it blocks its event loop, how much memory it uses, and whether it
// keeps its lease.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { get } from '../../localstack/cluster/apply.ts';
import type { Connection } from '../../localstack/cluster/connection.ts';
import type { Gatehouse } from '../../localstack/gatehouse.ts';
import { usageOf } from '../bench/usage.ts';
import { eventually } from '../integration/support/eventually.ts';

export interface ProcessReport {
  /** The longest block of the event loop. */
  readonly lagMs: number;
  /** The longest block, minus the time without CPU in the same second, and minus V8's garbage collection. */
  readonly blockMs: number;
  readonly peakMiB: number;
  /** How often the lease changed hands. */
  readonly transitions: number;
  /** Whether the process has ended. */
  readonly ended: boolean;
}

export interface ProcessWatch {
  stop(): Promise<ProcessReport>;
}

/** The time between two looks, in milliseconds. */
const lookMs = 1000;

/** Gatehouse, and the cluster where it may take part in leader election. */
export interface Watched {
  readonly gatehouse: Gatehouse;
  readonly cluster: { readonly admin: Connection };
}

/** Waits until Gatehouse leads. */
export async function watchProcess(rig: Watched): Promise<ProcessWatch> {
  const { gatehouse } = rig;
  await eventually(async () => {
    const metrics = await (await fetch(gatehouse.metricsUrl)).text();
    if (sumOf(metrics, 'gatehouse_leader') !== 1) throw new Error('Expected Gatehouse to lead');
  });
  const before = await transitionsOf(rig);
  const ended = new AbortController();
  const stopped = new AbortController();
  let lagMs = 0;
  let blockMs = 0;
  let peakMiB = 0;
  void gatehouse.ended.then(() => ended.abort());
  let known = await look(gatehouse.pid, gatehouse.metricsUrl);
  const watching = (async () => {
    while (!stopped.signal.aborted && !ended.signal.aborted) {
      await sleep(lookMs);
      const seen = await look(gatehouse.pid, gatehouse.metricsUrl);
      if (seen === undefined) continue;
      const aside = seen.waitedMs - (known?.waitedMs ?? 0) + seen.collectedMs - (known?.collectedMs ?? 0);
      lagMs = Math.max(lagMs, seen.lagMs);
      blockMs = Math.max(blockMs, seen.lagMs - aside);
      peakMiB = Math.max(peakMiB, seen.peakMiB);
      known = seen;
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await watching;
      return { lagMs, blockMs, peakMiB, transitions: (await transitionsOf(rig)) - before, ended: ended.signal.aborted };
    },
  };
}

/** Joins the reports of several processes that ran one after the other. */
export const together = (reports: readonly ProcessReport[]): ProcessReport => ({
  lagMs: Math.max(...reports.map(({ lagMs }) => lagMs)),
  blockMs: Math.max(...reports.map(({ blockMs }) => blockMs)),
  peakMiB: Math.max(...reports.map(({ peakMiB }) => peakMiB)),
  transitions: reports.reduce((sum, { transitions }) => sum + transitions, 0),
  ended: reports.some(({ ended }) => ended),
});

interface Look {
  /** The longest lag since the last look: each read of the metrics resets it. */
  readonly lagMs: number;
  /** How long the main thread was ready but had no CPU, since its start. */
  readonly waitedMs: number;
  /** How long V8 collected garbage, since the start. */
  readonly collectedMs: number;
  readonly peakMiB: number;
}

async function look(pid: number, url: string): Promise<Look | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    const text = await answer.text();
    const [, waited = '0'] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return {
      lagMs: 1000 * sumOf(text, 'nodejs_eventloop_lag_max_seconds'),
      waitedMs: Number(waited) / 1e6,
      collectedMs: 1000 * sumOf(text, 'nodejs_gc_duration_seconds_sum'),
      peakMiB: usageOf(pid).peakMiB,
    };
  } catch {
    return undefined;
  }
}

const sumOf = (metrics: string, name: string): number =>
  metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);

async function transitionsOf({ cluster }: Watched): Promise<number> {
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/gatehouse';
  const lease = await get<{ readonly spec?: { readonly leaseTransitions?: number } }>(cluster.admin, path);
  return lease?.spec?.leaseTransitions ?? 0;
}
