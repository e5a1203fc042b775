import type { Clock } from './clock.ts';

const readPrefixes = /^(Describe|Get|List|AssumeRole)/;

export interface CallCounts {
  readonly total: number;
  readonly reads: number;
  readonly writes: number;
  /** By `service:Action`. */
  readonly byAction: Readonly<Record<string, number>>;
  readonly firstAt: Date | undefined;
  readonly lastAt: Date | undefined;
}

/** How often each action was called, refused calls included. */
export class Calls {
  readonly #clock: Clock;
  readonly #byAction = new Map<string, number>();
  #reads = 0;
  #writes = 0;
  #firstAt: Date | undefined;
  #lastAt: Date | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(service: string, action: string): void {
    const name = `${service}:${action}`;
    this.#byAction.set(name, (this.#byAction.get(name) ?? 0) + 1);
    if (readPrefixes.test(action)) this.#reads += 1;
    else this.#writes += 1;
    this.#lastAt = new Date(this.#clock.now());
    this.#firstAt ??= this.#lastAt;
  }

  counts(): CallCounts {
    return {
      total: this.#reads + this.#writes,
      reads: this.#reads,
      writes: this.#writes,
      byAction: Object.fromEntries([...this.#byAction].toSorted(([a], [b]) => a.localeCompare(b))),
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
    };
  }

  zero(): void {
    this.#byAction.clear();
    this.#reads = 0;
    this.#writes = 0;
    this.#firstAt = undefined;
    this.#lastAt = undefined;
  }
}
