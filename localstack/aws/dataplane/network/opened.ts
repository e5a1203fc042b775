/** A socket of a listener at the address of one zone. */
export interface Opened {
  /** Resolves when it listens, or has failed. */
  readonly settled: Promise<void>;
  /** Why it does not listen; undefined while it does. */
  readonly error: string | undefined;
  refresh(): void;
  close(): void;
  destroy(): void;
}
