// The caches are behind our own writes for a moment. A pass that ended before they have them would write once more.
import type { ObjectOutcome } from '../kube/apply-set.ts';
import { objectKey } from '../kube/object.ts';
import type { MetallbCaches } from './caches.ts';

/** If a watch is behind for longer, the next pass writes again, which changes nothing. In milliseconds. */
const longestMs = 2000;

export async function untilSeen(
  { fleets }: Pick<MetallbCaches, 'fleets'>,
  outcomes: readonly ObjectOutcome[],
  signal: AbortSignal,
): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(longestMs)]);
  const isSeen = (): boolean => outcomes.every((outcome) => hasSeen(fleets, outcome));
  if (isSeen()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (isSeen()) resolve();
  };
  const stops = fleets.map((store) => store.onChange(look));
  deadline.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  for (const stop of stops) stop();
}

function hasSeen(fleets: MetallbCaches['fleets'], outcome: ObjectOutcome): boolean {
  if (outcome.kind !== 'applied' && outcome.kind !== 'pruned') return true;
  const key = objectKey(outcome.object.metadata);
  const found = fleets.map((store) => store.get(key)).find((object) => object?.kind === outcome.object.kind);
  if (outcome.kind === 'pruned') return found === undefined || found.metadata.deletionTimestamp !== undefined;
  return Number(found?.metadata.resourceVersion ?? 0) >= Number(outcome.live.metadata.resourceVersion ?? 0);
}
