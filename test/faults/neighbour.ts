// A tenant that keeps changing its own object, and how soon AWS, or a client, has each change.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../integration/support/eventually.ts';

export interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Changes that were not there before the timeout. */
  readonly lost: number;
}

export interface Tenant {
  /** Makes the nth change in Kubernetes. It may be repeated. */
  readonly change: (n: number) => Promise<unknown>;
  /** Whether AWS, or a client, has the nth change. */
  readonly isThere: (n: number) => boolean | Promise<boolean>;
}

const lookMs = 5;
const patienceMs = 30_000;

/** Makes changes one after the other while `isMore` returns true, with varying pauses. */
export async function measureChanges(tenant: Tenant, pauseMs: number, isMore: () => boolean): Promise<Latencies> {
  const times: number[] = [];
  let lost = 0;
  for (let n = 1; isMore(); n += 1) {
    const started = performance.now();
    // A busy API server may answer 504.
    await eventually(() => tenant.change(n), patienceMs);
    while (!(await tenant.isThere(n)) && performance.now() - started < patienceMs) await sleep(lookMs);
    if (performance.now() - started >= patienceMs) lost += 1;
    times.push(performance.now() - started);
    await sleep(pauseMs * (0.5 + Math.random()));
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), maxMs: sorted.at(-1) ?? 0, lost };
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

export const describeLatencies = (what: string, { count, p50Ms, p95Ms, maxMs }: Latencies): string =>
  `${what}: ${count} changes, p50 ${seconds(p50Ms)}, p95 ${seconds(p95Ms)}, at most ${seconds(maxMs)}`;

/** Failures: 95 % of the changes must be there within `limitMs`. */
export const slower = (what: string, { p95Ms, lost }: Latencies, limitMs: number): readonly string[] => [
  ...(p95Ms > limitMs ? [`${what}: p95 ${seconds(p95Ms)}, where ${seconds(limitMs)} is allowed`] : []),
  ...(lost > 0 ? [`${what}: ${lost} changes were not there after ${seconds(patienceMs)}`] : []),
];
