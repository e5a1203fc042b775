// What Envoys have that are connected to other replicas. A replica that does not lead writes it to a ConfigMap of its own in
// Gatehouse's namespace, and the leader reads them all.

import type { ConfigMap } from '../api/kinds.ts';
import { configMaps } from '../api/kinds.ts';
import { type Summary, summarySchema } from '../envoy/ads/summary.ts';
import type { Store } from '../kube/cache.ts';
import { type ObjectKey, objectKey, parseObjectKey } from '../kube/object.ts';
import { sameJson } from '../kube/same-json.ts';
import type { FeedContext } from '../provider/feed.ts';

/** Selects the ConfigMaps of all replicas. */
export const REPORT_LABEL = 'gatehouse.dev/envoys';

/** A replica writes at most this often, in milliseconds. */
const pauseMs = 1000;
/** It writes also without news, so that the leader knows that it lives. */
const renewMs = 60_000;
/** An older report is that of a replica that has ended. Its Envoys are connected elsewhere by now. */
const validMs = 3 * renewMs;

const renewed = 'renewed';

/** A name that a ConfigMap's data may have. A namespace has no dot. */
const nameOf = (gateway: ObjectKey): string => {
  const { namespace = '', name } = parseObjectKey(gateway);
  return `${namespace}.${name}`;
};

const gatewayOf = (name: string): ObjectKey => {
  const dot = name.indexOf('.');
  return objectKey({ namespace: name.slice(0, dot), name: name.slice(dot + 1) });
};

export interface ReportOptions {
  readonly context: Pick<FeedContext, 'client' | 'clock' | 'logger' | 'namespace'>;
  /** Of the ConfigMap; unlike that of every other replica. */
  readonly name: string;
  readonly isLeading: () => boolean;
  /** The Gateways with connected Envoys, and what these have. */
  readonly summaries: () => ReadonlyMap<ObjectKey, Summary>;
}

/** Writes what this replica knows, while it does not lead, until the signal aborts. Then it takes its report back. */
export async function runReports(
  { context, name, isLeading, summaries }: ReportOptions,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, logger, namespace } = context;
  const key = objectKey({ namespace, name });
  let written: object | undefined;
  let at = 0;
  const remove = async (until: AbortSignal): Promise<void> => {
    if (written === undefined) return;
    written = undefined;
    await client.delete(configMaps, key, until);
  };
  const write = async (): Promise<void> => {
    const data = Object.fromEntries([...summaries()].map(([gateway, each]) => [nameOf(gateway), JSON.stringify(each)]));
    const isDue = written === undefined || clock.monotonic() - at >= renewMs;
    if (!isDue && sameJson(data, written)) return;
    if (written === undefined && Object.keys(data).length === 0) return;
    const metadata = { namespace, name, labels: { [REPORT_LABEL]: '' } };
    const all = { ...data, [renewed]: new Date(clock.now()).toISOString() };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: all };
    await client.patch(configMaps, key, { kind: 'apply', body, fieldManager: 'gatehouse' }, signal);
    written = data;
    at = clock.monotonic();
  };
  while (!signal.aborted) {
    await (isLeading() ? remove(signal) : write()).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ err: error }, 'the leader is not told what Envoys have');
    });
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
  await remove(AbortSignal.timeout(pauseMs)).catch(() => undefined);
}

/** What the other replicas report of a Gateway. @param now in milliseconds since 1970 */
export function reportedBy(
  reports: Pick<Store<ConfigMap>, 'list'>,
  gateway: ObjectKey,
  now: number,
): readonly Summary[] {
  const name = nameOf(gateway);
  return reports.list().flatMap(({ data = {} }) => {
    const isValid = now - Date.parse(data[renewed] ?? '') < validMs;
    const summary = isValid ? parsed(data[name]) : undefined;
    return summary === undefined ? [] : [summary];
  });
}

/** The Gateways of which two versions of a report say different things. */
export function changedIn(old: ConfigMap | undefined, current: ConfigMap | undefined): readonly ObjectKey[] {
  const [before = {}, after = {}] = [old?.data, current?.data];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => name !== renewed && before[name] !== after[name]).map(gatewayOf);
}

/** Another version of Gatehouse may write something else. */
function parsed(text: string | undefined): Summary | undefined {
  try {
    return summarySchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
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
