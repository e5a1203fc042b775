// Conditions of a status: ours among those of others.
import type { Condition } from './object.ts';

/** A condition that we report, as of one generation of the object. */
export interface OwnCondition extends Omit<Condition, 'lastTransitionTime'> {
  readonly observedGeneration: number;
}

/** As metav1.Time is written: whole seconds. */
const metaTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

/**
 * Our conditions over those that are there. Other types stay as they are; what is stored for a newer generation wins;
 * lastTransitionTime changes only with the status.
 * @param now in milliseconds since 1970
 */
export function mergeConditions(
  existing: readonly Condition[],
  own: readonly OwnCondition[],
  now: number,
): readonly Condition[] {
  const byType = new Map(existing.map((condition) => [condition.type, condition]));
  for (const condition of own) {
    const stored = byType.get(condition.type);
    if (stored?.observedGeneration !== undefined && stored.observedGeneration > condition.observedGeneration) continue;
    const unchanged = stored?.status === condition.status;
    byType.set(condition.type, {
      ...condition,
      lastTransitionTime: unchanged ? stored.lastTransitionTime : metaTime(now),
    });
  }
  return [...byType.values()];
}
