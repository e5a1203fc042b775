// The account's request rates: AWS refuses what goes beyond them, for us and for everyone else in the account. So each
// attempt takes a token first.
import type { Clock } from '../kube/clock.ts';

interface Rate {
  readonly service: string;
  /** Requests that the bucket holds. */
  readonly burst: number;
  readonly perSecond: number;
}

interface ActionRate extends Rate {
  readonly actions: RegExp;
}

/**
 * A call takes a token of its service's bucket in `accountRates`, if there is one, and of the first one that matches in
 * `actionRates`. Where EC2 and ACM have a bucket an action, one for several stands here: we make few of these calls.
 * docs.aws.amazon.com: /elasticloadbalancing/latest/userguide/elb-api-throttling.html,
 * /ec2/latest/devguide/ec2-api-throttling.html, /acm/latest/userguide/acm-limits.html. The tagging API's are assumed.
 */
const accountRates: readonly Rate[] = [{ service: 'elasticloadbalancing', burst: 40, perSecond: 10 }];
const actionRates: readonly ActionRate[] = [
  { service: 'elasticloadbalancing', actions: /^(CreateLoadBalancer|SetSubnets)$/, burst: 10, perSecond: 0.2 },
  { service: 'elasticloadbalancing', actions: /^(Der|R)egisterTargets$/, burst: 20, perSecond: 4 },
  { service: 'elasticloadbalancing', actions: /^Describe/, burst: 40, perSecond: 10 },
  { service: 'elasticloadbalancing', actions: /./, burst: 20, perSecond: 3 },
  { service: 'ec2', actions: /^Describe/, burst: 50, perSecond: 10 },
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
  /** The bucket that each call takes a token of too. */
  readonly #wider: TokenBucket | undefined;
  #tokens: number;
  #at: number;
  #pauseMs = 0;
  #pausedUntil = 0;
  /** The last of those who wait, in the order in which they came: each starts when the one before has its token. */
  #last: Promise<void> = Promise.resolve();

  constructor(rate: Rate, clock: Clock, wider?: TokenBucket) {
    this.#clock = clock;
    this.#rate = rate;
    this.#wider = wider;
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
      // Both tokens go at once: AWS sees the call when it is made, and not those that were put aside for it.
      await this.#wider?.take(signal);
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

/** What AWS's buckets hold is never used up: neither two clocks nor two ways over the network agree to the millisecond. */
const spare = 1;

/** What may be used of AWS's rates: `factor` times as much. */
const scaled = ({ service, burst, perSecond }: Rate, factor: number): Rate => ({
  service,
  burst: Math.max(1, burst * factor - spare),
  perSecond: perSecond * factor,
});

interface Limited {
  readonly rate: ActionRate;
  readonly bucket: TokenBucket;
}

/** One set of buckets for the account and region. */
export class Limits {
  readonly #limited: readonly Limited[];

  /** @param factor how much of AWS's documented rates may be used */
  constructor(clock: Clock, factor: number, rates = { account: accountRates, actions: actionRates }) {
    const account = new Map(
      rates.account.map((rate) => [rate.service, new TokenBucket(scaled(rate, factor), clock)] as const),
    );
    this.#limited = rates.actions.map((rate) => ({
      rate,
      bucket: new TokenBucket(scaled(rate, factor), clock, account.get(rate.service)),
    }));
  }

  /** Waits for a turn, first come, first served. `service` is the IAM prefix, `action` the API's: `CreateRule`. */
  async take(service: string, action: string, signal?: AbortSignal): Promise<void> {
    await this.#bucket(service, action)?.take(signal);
  }

  /** Calls of that kind rest. Were it the account's bucket that is empty, the other kinds would be told so themselves. */
  throttled(service: string, action: string): void {
    this.#bucket(service, action)?.throttled();
  }

  succeeded(service: string, action: string): void {
    this.#bucket(service, action)?.succeeded();
  }

  #bucket(service: string, action: string): TokenBucket | undefined {
    return this.#limited.find(({ rate }) => rate.service === service && rate.actions.test(action))?.bucket;
  }
}
