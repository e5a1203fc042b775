// The data of a ConfigMap in which a replica reports what its Envoys have. Pure.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ConfigMap } from '../api/kinds.ts';
import { type Summary, summarySchema } from '../envoy/ads/summary.ts';
import type { Store } from '../kube/cache.ts';
import { type ObjectKey, objectKey, parseObjectKey } from '../kube/object.ts';

/** JSON by the hash of the Gateway. Its key may be longer than a name in the data may be. */
export type Report = Readonly<Record<string, string>>;

/** When the replica wrote it, also without news. */
export const RENEWED = 'renewed';

/** An older report is that of a replica that has ended. Its Envoys are connected elsewhere by now. In milliseconds. */
const validMs = 180_000;

/** Of all values. A ConfigMap may have 1 MiB. */
const maxBytes = 900_000;

const maxWords = 80;

const valueSchema = summarySchema.extend({ gateway: z.object({ namespace: z.string(), name: z.string() }) });

const nameOf = (gateway: ObjectKey): string => createHash('sha256').update(gateway).digest('hex').slice(0, 32);

/**
 * If not everything has room, the Gateways that say most say less.
 * @param bytes the room
 */
export function reportOf(summaries: ReadonlyMap<ObjectKey, Summary>, bytes = maxBytes): Report {
  const all = [...summaries]
    .map(([gateway, summary]) => ({ gateway, summary, whole: valueOf(gateway, summary) }))
    .toSorted((a, b) => sizeOf(a.whole) - sizeOf(b.whole));
  const report: Record<string, string> = {};
  let left = bytes;
  for (const [index, { gateway, summary, whole }] of all.entries()) {
    const share = left / (all.length - index);
    const value = sizeOf(whole) <= share ? whole : shorter(gateway, summary).find((each) => sizeOf(each) <= share);
    if (value === undefined) continue;
    report[nameOf(gateway)] = value;
    left -= sizeOf(value);
  }
  return report;
}

/** With its name. */
const sizeOf = (value: string): number => Buffer.byteLength(value) + 40;

const valueOf = (gateway: ObjectKey, summary: Summary): string =>
  JSON.stringify({ gateway: parseObjectKey(gateway), ...summary });

/** Each says less than the one before. */
function shorter(gateway: ObjectKey, { groups, rejected }: Summary): readonly string[] {
  const unsuspected = rejected.map((each) => ({ ...each, suspects: [] }));
  const brief = unsuspected.map((each) => ({ ...each, message: each.message.slice(0, maxWords) }));
  return [unsuspected, brief, brief.slice(0, 1), []].map((those) => valueOf(gateway, { groups, rejected: those }));
}

/** @param now in milliseconds since 1970 */
export const isNew = ({ data = {} }: ConfigMap, now: number): boolean =>
  now - Date.parse(data[RENEWED] ?? '') < validMs;

/** What the other replicas report of a Gateway. @param now in milliseconds since 1970 */
export function reportedBy(
  reports: Pick<Store<ConfigMap>, 'list'>,
  gateway: ObjectKey,
  now: number,
): readonly Summary[] {
  const name = nameOf(gateway);
  return reports.list().flatMap((report) => {
    const value = isNew(report, now) ? read(report.data?.[name]) : undefined;
    return value === undefined ? [] : [{ groups: value.groups, rejected: value.rejected }];
  });
}

/** The Gateways of which two versions of a report say different things. */
export function changedIn(old: ConfigMap | undefined, current: ConfigMap | undefined): readonly ObjectKey[] {
  const [before = {}, after = {}] = [old?.data, current?.data];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((name) => name !== RENEWED && before[name] !== after[name])
    .flatMap((name) => {
      const value = read(after[name] ?? before[name]);
      return value === undefined ? [] : [objectKey(value.gateway)];
    });
}

/** Another version of Gatehouse may write something else. */
function read(text: string | undefined): z.infer<typeof valueSchema> | undefined {
  try {
    return valueSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}
