import type { OwnCondition } from '../kube/status.ts';

/** A condition before it has a generation: its type, and the reasons that go with it. */
export interface Verdict<Type extends string, Reason extends string> {
  readonly type: Type;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
}

/** Messages longer than this are cut: nobody reads a hundred of the same fault in a table. */
const maxReadable = 2_048;

/** Sentences, each once, in their order. */
export function sentences(parts: readonly string[]): string {
  const text = [...new Set(parts)].join(' ');
  return text.length <= maxReadable ? text : `${text.slice(0, maxReadable - 2)} …`;
}

/** As of one generation of the object that it is about. */
export const observed = (verdict: Verdict<string, string>, generation: number): OwnCondition => ({
  ...verdict,
  observedGeneration: generation,
});
