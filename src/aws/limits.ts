// The account's request rates: AWS refuses what goes beyond them, for us and for everyone else in the account. So each
// attempt takes a token first.
import type { Clock } from '../kube/clock.ts';

interface Rate {
  readonly service: string;
  readonly actions: RegExp;
  /** Requests that the bucket holds. */
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * The first row that matches counts. Documented: ELBv2's reads (10/s, 40 at once), EC2's buckets and ACM's quotas. Not
 * documented and assumed, below what AWS is known to bear: ELBv2's writes, the tagging API.
 */
const accountRates: readonly Rate[] = [
  { service: 'elasticloadbalancing', actions: /^Describe/, burst: 40, perSecond: 10 },
  { service: 'elasticloadbalancing', actions: /^(Der|R)egisterTargets$/, burst: 40, perSecond: 10 },
  { service: 'elasticloadbalancing', actions: /./, burst: 40, perSecond: 10 },
  { service: 'ec2', actions: /^Describe/, burst: 100, perSecond: 20 },
  { service: 'ec2', actions: /./, burst: 50, perSecond: 5 },
  { service: 'acm', actions: /^(Describe|Delete|Get)Certificate$|^ListTagsForCertificate$/, burst: 10, perSecond: 10 },
  { service: 'acm', actions: /^ListCertificates$/, burst: 8, perSecond: 8 },
  { service: 'acm', actions: /^ImportCertificate$/, burst: 1, perSecond: 1 },
  { service: 'acm', actions: /./, burst: 5, perSecond: 5 },
  { service: 'tagging', actions: /./, burst: 15, perSecond: 15 },
];

const firstPauseMs = 500;
const maxPauseMs = 20_000;

class TokenBucket {
  readonly #clock: Clock;
  readonly #rate: Rate;
  #tokens: number;
  #at: number;
  #pauseMs = 0;
  #pausedUntil = 0;
  /** The last of those who wait, in the order in which they came: each starts when the one before has its token. */
  #last: Promise<void> = Promise.resolve();

  constructor(rate: Rate, clock: Clock) {
    this.#clock = clock;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = clock.monotonic();
  }

  async take(signal?: AbortSignal): Promise<void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      for (let wait = this.#waitMs(); wait > 0; wait = this.#waitMs()) await this.#clock.sleep(wait, signal);
      signal?.throwIfAborted();
      this.#tokens -= 1;
    } finally {
      resolve();
    }
  }

  /** Others of the account took what we counted on: rest, twice as long each time in a row. */
  throttled(): void {
    const now = this.#clock.monotonic();
    // Calls that were under way together are one sign, not many.
    if (now < this.#pausedUntil) return;
    this.#pauseMs = Math.min(maxPauseMs, this.#pauseMs === 0 ? firstPauseMs : this.#pauseMs * 2);
    this.#pausedUntil = now + this.#pauseMs;
    this.#tokens = 0;
    this.#at = this.#pausedUntil;
  }

  succeeded(): void {
    if (this.#clock.monotonic() >= this.#pausedUntil) this.#pauseMs = 0;
  }

  #waitMs(): number {
    const now = this.#clock.monotonic();
    if (now < this.#pausedUntil) return Math.ceil(this.#pausedUntil - now);
    const earned = (Math.max(0, now - this.#at) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + earned);
    this.#at = now;
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#rate.perSecond) * 1000);
  }
}

/** One set of buckets for the account and region. */
export class Limits {
  readonly #buckets: readonly { readonly rate: Rate; readonly bucket: TokenBucket }[];

  constructor(clock: Clock, rates: readonly Rate[] = accountRates) {
    this.#buckets = rates.map((rate) => ({ rate, bucket: new TokenBucket(rate, clock) }));
  }

  /** Waits for a turn, first come, first served. `service` is the IAM prefix, `action` the API's: `CreateRule`. */
  async take(service: string, action: string, signal?: AbortSignal): Promise<void> {
    await this.#bucket(service, action)?.take(signal);
  }

  throttled(service: string, action: string): void {
    this.#bucket(service, action)?.throttled();
  }

  succeeded(service: string, action: string): void {
    this.#bucket(service, action)?.succeeded();
  }

  #bucket(service: string, action: string): TokenBucket | undefined {
    return this.#buckets.find(({ rate }) => rate.service === service && rate.actions.test(action))?.bucket;
  }
}
