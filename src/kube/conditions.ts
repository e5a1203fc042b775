// Merges our conditions into a status, beside those of other controllers.
import type { Condition } from './object.ts';

/** A condition that we report for one generation of the object. */
export interface OwnCondition extends Omit<Condition, 'lastTransitionTime'> {
  readonly observedGeneration: number;
}

/** The format of metav1.Time: whole seconds. */
const metaTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

/**
 * Merges our conditions into the existing ones. Conditions of other types do not change. An existing condition of a newer
 * generation wins. lastTransitionTime changes only with the status.
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
