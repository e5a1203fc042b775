// Writes the statuses of a Gateway's ListenerSets, and resets them when the Gateway is gone.
import type { ListenerSet } from '../api/gateway-api.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { sameJson } from '../kube/same-json.ts';
import type { GatewayOutcome } from '../status/gateway-status.ts';
import { listenerSetStatus, orphanStatus, undecidedStatus } from '../status/listener-set-status.ts';
import { type ReportContext, reportListenerSet } from '../status/report.ts';
import { eachEnded } from './all-ended.ts';
import type { Caches } from './caches.ts';

export interface ListenerSetContext extends ReportContext {
  readonly caches: Pick<Caches, 'listenerSets'>;
  /** The last status that we wrote to each ListenerSet in this term. A status does not say who wrote it. */
  readonly lastReported: Map<ObjectKey, ListenerSet['status']>;
}

/** @param seen the ListenerSets as the pass read them. One that has changed since then gets its status from the next pass. */
export async function reportListenerSets(
  context: ListenerSetContext,
  seen: readonly ListenerSet[],
  outcome: Omit<GatewayOutcome, 'generation'>,
  signal: AbortSignal,
): Promise<void> {
  const { caches, clock, lastReported } = context;
  await eachEnded(seen, async ({ metadata }) => {
    const { generation = 0, uid } = metadata;
    const key = objectKey(metadata);
    const set = caches.listenerSets.get(key);
    if (set === undefined || set.metadata.uid !== uid) return;
    const statusOf = (current: ListenerSet): ListenerSet['status'] => {
      if ((current.metadata.generation ?? 0) !== generation) return undefined;
      const status = listenerSetStatus(current.status, key, outcome, generation, clock.now());
      lastReported.set(key, status);
      return status;
    };
    await reportListenerSet(context, set, statusOf, signal);
  });
  for (const key of lastReported.keys()) if (caches.listenerSets.get(key) === undefined) lastReported.delete(key);
}

/** Reports to the Gateway's ListenerSets that it is gone. ListenerSets that no pass has accepted or refused stay as they are. */
export async function reportOrphans(context: ListenerSetContext, gateway: ObjectKey, signal: AbortSignal) {
  const now = context.clock.now();
  const statusOf = (current: ListenerSet) => (isDecided(current) ? orphanStatus(current, now) : undefined);
  await eachEnded(context.caches.listenerSets.byIndex('gateway', gateway), async (set) => {
    context.lastReported.delete(objectKey(set.metadata));
    await reportListenerSet(context, set, statusOf, signal);
  });
}

const isDecided = ({ status }: ListenerSet): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Accepted' && condition.status !== 'Unknown') === true;

/** Resets our status on ListenerSets of another controller's Gateway, but only if nobody has changed it since we wrote it. */
export async function resetListenerSets(context: ListenerSetContext, gateway: ObjectKey, signal: AbortSignal) {
  const { caches, clock, lastReported } = context;
  await eachEnded(caches.listenerSets.byIndex('gateway', gateway), async (set) => {
    const key = objectKey(set.metadata);
    const ours = lastReported.get(key);
    if (ours === undefined) return;
    const statusOf = (current: ListenerSet) =>
      sameJson(current.status, ours) ? undecidedStatus(current, clock.now()) : undefined;
    await reportListenerSet(context, set, statusOf, signal);
    lastReported.delete(key);
  });
}
