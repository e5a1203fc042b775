// What we have written in AWS just now. AWS is eventually consistent: for a while its reads, and calls that refer to what was
// made, may not know of a write yet. Until then what they lack, or have otherwise, says nothing.
import type { Clock } from '../kube/clock.ts';

const isId = /^(arn:|sgr?-)/;

export class OwnWrites {
  readonly #clock: Clock;
  readonly #settlingMs: number;
  /** When each ARN, or id of EC2's, was last in a write; oldest first. */
  readonly #writtenAt = new Map<string, number>();

  /** @param settlingMs how long AWS may take to show a write */
  constructor(clock: Clock, settlingMs: number) {
    this.#clock = clock;
    this.#settlingMs = settlingMs;
  }

  /** Whether AWS may not show yet what has become of it. */
  isRecent(id: string): boolean {
    const at = this.#writtenAt.get(id);
    return at !== undefined && this.#clock.monotonic() - at < this.#settlingMs;
  }

  /** Whether a call refers to something of which AWS may not know yet. What is not there to be deleted is gone. */
  refersToRecent(action: string, input: unknown): boolean {
    return !isDelete(action) && [...idsIn(input)].some((id) => this.isRecent(id));
  }

  /** To be told of each call that AWS has carried out, or may have: then without an output. */
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
