// Our recent writes to AWS. AWS is eventually consistent: for a while, reads may not show a write, and calls may not know a new
// resource. Until then, a missing or different resource means nothing.
import type { Clock } from '../kube/clock.ts';

const isId = /^(arn:|sgr?-)/;

export class OwnWrites {
  readonly #clock: Clock;
  readonly #visibleMs: number;
  /** When each ARN, or EC2 id, was last in a write; oldest first. */
  readonly #writtenAt = new Map<string, number>();

  /** @param visibleMs how late AWS may show a write */
  constructor(clock: Clock, visibleMs: number) {
    this.#clock = clock;
    this.#visibleMs = visibleMs;
  }

  /** Whether AWS may still show it as it was before our last write. */
  isRecent(id: string): boolean {
    const at = this.#writtenAt.get(id);
    return at !== undefined && this.#clock.monotonic() - at < this.#visibleMs;
  }

  /** Whether a call refers to a resource that AWS may not know yet. Not for deletions: what is not there is gone. */
  refersToRecent(action: string, input: unknown): boolean {
    return !isDelete(action) && [...idsIn(input)].some((id) => this.isRecent(id));
  }

  /** Call it after each call that AWS has executed. Without an output if AWS may have executed it. */
  note(action: string, input: unknown, output?: unknown): void {
    if (/^(Describe|Get|List)/.test(action)) return;
    for (const id of [...idsIn(input), ...idsIn(output)]) {
      this.#writtenAt.delete(id);
      if (!isDelete(action)) this.#writtenAt.set(id, this.#clock.monotonic());
    }
    for (const id of this.#writtenAt.keys()) {
      if (this.isRecent(id)) break;
      this.#writtenAt.delete(id);
    }
  }
}

const isDelete = (action: string): boolean => /^Delete(?!Tags$)/.test(action);

function* idsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    if (isId.test(value)) yield value;
  } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const each of Object.values(value)) yield* idsIn(each);
  }
}
