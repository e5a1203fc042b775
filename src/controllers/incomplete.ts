import type { Problem } from '../gateway/problem.ts';

/** A pass that did all it could: problems stand in the way, the statuses say which, and it is worth trying again. */
export class Incomplete extends Error {
  override readonly name = 'Incomplete';

  constructor(problems: readonly Problem[]) {
    super(`The pass met ${problems.map(({ kind }) => kind).join(', ')}`);
  }
}
