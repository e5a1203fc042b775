/** A pass that did all it could: problems stand in the way, the statuses say which, and it is worth trying again. */
export class Incomplete extends Error {
  override readonly name = 'Incomplete';

  /** When to go on with what waits for AWS, in milliseconds: the problems' own retries come ever later. */
  readonly retryAfterMs: number | undefined;

  /** @param reason for the log */
  constructor(reason: string, retryAfterMs?: number) {
    super(reason);
    this.retryAfterMs = retryAfterMs;
  }
}
