import { mergeConditions } from '../kube/conditions.ts';
import type { Condition } from '../kube/object.ts';

/** A condition without a generation: its type with one of the type's reasons. */
export interface Verdict<Type extends string, Reason extends string> {
  readonly type: Type;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
  /** The generation of the condition. Absent for the object's current generation. */
  readonly observedGeneration?: number;
}

/** An earlier condition as a verdict, to keep it. */
export const standing = ({ type, status, reason, message }: Condition): Verdict<string, string> => ({
  type,
  status,
  reason,
  message,
});

/** Longer messages are cut, because nobody reads a hundred equal problems. */
const maxReadable = 2_048;

/** Joins sentences in their order, each once. */
export function sentences(parts: readonly string[]): string {
  const text = [...new Set(parts)].filter((part) => part !== '').join(' ');
  return text.length <= maxReadable ? text : `${text.slice(0, maxReadable - 2)} …`;
}

/** For these types, True is bad news. */
const negative: ReadonlySet<string> = new Set([
  'Conflicted',
  'InsecureFrontendValidationMode',
  'OverlappingTLSConfig',
  'PartiallyInvalid',
]);

export const isAdverse = ({ type, status }: Pick<Condition, 'type' | 'status'>): boolean =>
  negative.has(type) ? status === 'True' : status !== 'True';

/** Our types that exist only while they are True. */
const optional: ReadonlySet<string> = new Set([
  'InsecureFrontendValidationMode',
  'OverlappingTLSConfig',
  'PartiallyInvalid',
]);

/** The CRDs of the Gateway API accept no more conditions: the whole status would be refused. */
const maxConditions = 8;

/**
 * Updates our conditions and keeps those of others. If there is no room, our last conditions are left out.
 * @param generation the object's generation when the verdicts were made
 * @param now in milliseconds since the epoch
 */
export function updated(
  existing: readonly Condition[] | undefined,
  verdicts: readonly Verdict<string, string>[],
  generation: number,
  now: number,
): readonly Condition[] {
  const current = new Set(verdicts.map(({ type }) => type));
  const kept = (existing ?? []).filter(({ type }) => !optional.has(type) || current.has(type));
  const own = verdicts.map((verdict) => ({ ...verdict, observedGeneration: verdict.observedGeneration ?? generation }));
  const merged = mergeConditions(kept, own, now);
  const excess = Math.max(0, merged.length - maxConditions);
  const leftOut = new Set(own.slice(Math.max(0, own.length - excess)).map(({ type }) => type));
  return merged.filter(({ type }) => !leftOut.has(type));
}
