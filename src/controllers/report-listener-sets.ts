// What a pass has to say of the ListenerSets of its Gateway, and how it takes that back.
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
  /** What was said last of each ListenerSet, in this term: its status does not tell who wrote it. */
  readonly told: Map<ObjectKey, ListenerSet['status']>;
}

/** @param seen the ListenerSets as the pass saw them: of one that has changed or gone meanwhile it knows nothing */
export async function reportListenerSets(
  context: ListenerSetContext,
  seen: readonly ListenerSet[],
  outcome: Omit<GatewayOutcome, 'generation'>,
  signal: AbortSignal,
): Promise<void> {
  const { caches, clock, told } = context;
  await eachEnded(seen, async ({ metadata }) => {
    const { generation = 0, uid } = metadata;
    const key = objectKey(metadata);
    const set = caches.listenerSets.get(key);
    if (set === undefined || set.metadata.uid !== uid) return;
    const statusOf = (current: ListenerSet): ListenerSet['status'] => {
      if ((current.metadata.generation ?? 0) !== generation) return undefined;
      const status = listenerSetStatus(current.status, key, outcome, generation, clock.now());
      told.set(key, status);
      return status;
    };
    await reportListenerSet(context, set, statusOf, signal);
  });
  for (const key of told.keys()) if (caches.listenerSets.get(key) === undefined) told.delete(key);
}

/** Says of the ListenerSets of a Gateway that it is gone, unless nobody has ever said that it has come. */
export async function reportOrphans(context: ListenerSetContext, gateway: ObjectKey, signal: AbortSignal) {
  const now = context.clock.now();
  const statusOf = (current: ListenerSet) => (isDecided(current) ? orphanStatus(current, now) : undefined);
  await eachEnded(context.caches.listenerSets.byIndex('gateway', gateway), async (set) => {
    context.told.delete(objectKey(set.metadata));
    await reportListenerSet(context, set, statusOf, signal);
  });
}

const isDecided = ({ status }: ListenerSet): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Accepted' && condition.status !== 'Unknown') === true;

/** Leaves the ListenerSets of another controller's Gateway to that: what still stands there word for word as we said it goes. */
export async function handOverListenerSets(context: ListenerSetContext, gateway: ObjectKey, signal: AbortSignal) {
  const { caches, clock, told } = context;
  await eachEnded(caches.listenerSets.byIndex('gateway', gateway), async (set) => {
    const key = objectKey(set.metadata);
    const ours = told.get(key);
    if (ours === undefined) return;
    const statusOf = (current: ListenerSet) =>
      sameJson(current.status, ours) ? undecidedStatus(current, clock.now()) : undefined;
    await reportListenerSet(context, set, statusOf, signal);
    told.delete(key);
  });
}
