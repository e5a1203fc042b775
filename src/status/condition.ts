import { mergeConditions } from '../kube/conditions.ts';
import type { Condition } from '../kube/object.ts';

/** A condition before it has a generation: its type, and the reasons that go with it. */
export interface Verdict<Type extends string, Reason extends string> {
  readonly type: Type;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
  /** The generation that it is about; that of the object where it is absent. */
  readonly observedGeneration?: number;
}

/** What was said before, said again. */
export const standing = ({ type, status, reason, message }: Condition): Verdict<string, string> => ({
  type,
  status,
  reason,
  message,
});

/** Messages longer than this are cut: nobody reads a hundred of the same fault in a table. */
const maxReadable = 2_048;

/** Sentences, each once, in their order. */
export function sentences(parts: readonly string[]): string {
  const text = [...new Set(parts)].filter((part) => part !== '').join(' ');
  return text.length <= maxReadable ? text : `${text.slice(0, maxReadable - 2)} …`;
}

/** Of these types True is bad news. */
const negative: ReadonlySet<string> = new Set(['Conflicted', 'OverlappingTLSConfig', 'PartiallyInvalid']);

export const isAdverse = ({ type, status }: Pick<Condition, 'type' | 'status'>): boolean =>
  negative.has(type) ? status === 'True' : status !== 'True';

/** Our types that are there only while they are True. */
const optional: ReadonlySet<string> = new Set(['OverlappingTLSConfig', 'PartiallyInvalid']);

/** More than this no CRD of the Gateway API takes, and the whole status would be refused. */
const maxConditions = 8;

/**
 * The conditions with ours brought up to date, and those of others as they are: where there is no room, our last ones are left out.
 * @param generation of the object that the verdicts are about
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
