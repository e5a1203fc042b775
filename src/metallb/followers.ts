// What Envoys have that are connected to other replicas. A replica that does not lead writes it to a ConfigMap of its own in
// Gatehouse's namespace, and the leader reads them all.

import type { ConfigMap } from '../api/kinds.ts';
import { configMaps } from '../api/kinds.ts';
import type { Summary } from '../envoy/ads/summary.ts';
import type { Store } from '../kube/cache.ts';
import { isNotFound } from '../kube/kube-error.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { sameJson } from '../kube/same-json.ts';
import type { FeedContext } from '../provider/feed.ts';
import { isNew, RENEWED, type Report, reportOf } from './report.ts';

/** Selects the ConfigMaps of all replicas. */
export const REPORT_LABEL = 'gatehouse.dev/envoys';

/** A replica writes at most this often, in milliseconds. */
const pauseMs = 1000;
/** It writes also without news, so that the leader knows that it lives. */
const renewMs = 60_000;

export interface ReportOptions {
  readonly context: Pick<FeedContext, 'client' | 'clock' | 'logger' | 'namespace'>;
  /** Of the ConfigMap; unlike that of every other replica. */
  readonly name: string;
  readonly isLeading: () => boolean;
  /** The Gateways with connected Envoys, and what these have. */
  readonly summaries: () => ReadonlyMap<ObjectKey, Summary>;
  /** Of all replicas. */
  readonly reports: Pick<Store<ConfigMap>, 'list'>;
}

/**
 * Until the signal aborts: while this replica does not lead, it writes what it knows. The leader deletes the reports of replicas
 * that have ended without doing so. At the end, this replica takes its report back.
 */
export async function runReports(options: ReportOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger } = options.context;
  const own = new OwnReport(options);
  const lead = async (): Promise<void> => {
    await own.remove(signal);
    await deleteOld(options, signal);
  };
  while (!signal.aborted) {
    await (options.isLeading() ? lead() : own.write(signal)).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ err: error }, 'the leader is not told what Envoys have');
    });
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
  await own.remove(AbortSignal.timeout(pauseMs)).catch(() => undefined);
}

class OwnReport {
  readonly #options: ReportOptions;
  /** Undefined if there is none. */
  #written: Report | undefined;
  #at = 0;

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  async write(signal: AbortSignal): Promise<void> {
    const { context, name, summaries } = this.#options;
    const { client, clock, namespace } = context;
    const report = reportOf(summaries());
    const isDue = this.#written === undefined || clock.monotonic() - this.#at >= renewMs;
    if (!isDue && sameJson(report, this.#written)) return;
    if (this.#written === undefined && Object.keys(report).length === 0) return;
    const metadata = { namespace, name, labels: { [REPORT_LABEL]: '' } };
    const data = { ...report, [RENEWED]: new Date(clock.now()).toISOString() };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    await client.patch(configMaps, objectKey(metadata), { kind: 'apply', body, fieldManager: 'gatehouse' }, signal);
    this.#written = report;
    this.#at = clock.monotonic();
  }

  async remove(signal: AbortSignal): Promise<void> {
    if (this.#written === undefined) return;
    this.#written = undefined;
    const { context, name } = this.#options;
    await context.client.delete(configMaps, objectKey({ namespace: context.namespace, name }), signal);
  }
}

/** That makes the Gateways due which were in the reports. */
async function deleteOld({ context, reports }: ReportOptions, signal: AbortSignal): Promise<void> {
  for (const report of reports.list()) {
    if (isNew(report, context.clock.now())) continue;
    const { uid } = report.metadata;
    const options = uid === undefined ? {} : { preconditions: { uid } };
    await context.client.delete(configMaps, objectKey(report.metadata), signal, options).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}

/** An Envoy that has come here is not counted there as well. */
export const elsewhere = (reported: readonly Summary[], here: Summary): readonly Summary[] => {
  const connected = new Set(here.groups.flatMap(({ pods }) => pods));
  return reported.map(({ groups, rejected }) => ({
    rejected,
    groups: groups
      .map((group) => ({ ...group, pods: group.pods.filter((pod) => !connected.has(pod)) }))
      .filter(({ pods }) => pods.length > 0),
  }));
};
