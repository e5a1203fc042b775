// The account's request rates: AWS refuses what goes beyond them, for us and for everyone else in the account. So each
// attempt takes a token first. Where there are too few, namespaces take turns: how much one of them has to do delays no other.
import type { Clock } from '../kube/clock.ts';
import { errandUnderWay, isNearlyDone, RecalledError, type UnderWay } from './errand.ts';
import { TokenBucket } from './token-bucket.ts';

interface ServiceRate {
  readonly service: string;
  /** Requests that the bucket holds. */
  readonly burst: number;
  readonly perSecond: number;
}

interface ActionRate extends ServiceRate {
  readonly actions: RegExp;
}

/**
 * A call takes a token of its service's bucket in `accountRates`, if there is one, and of the first one that matches in
 * `actionRates`. Where EC2 and ACM have a bucket an action, one for several stands here: we make few of these calls.
 * docs.aws.amazon.com: /elasticloadbalancing/latest/userguide/elb-api-throttling.html,
 * /ec2/latest/devguide/ec2-api-throttling.html, /acm/latest/userguide/acm-limits.html. The tagging API's are assumed.
 */
const accountRates: readonly ServiceRate[] = [{ service: 'elasticloadbalancing', burst: 40, perSecond: 10 }];
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

/** What AWS's buckets hold is never used up: neither two clocks nor two ways over the network agree to the millisecond. */
const spare = 1;

/** What may be used of AWS's rates: `factor` times as much. */
const bucketOf = ({ burst, perSecond }: ServiceRate, factor: number, clock: Clock): TokenBucket =>
  new TokenBucket({ burst: Math.max(1, burst * factor - spare), perSecond: perSecond * factor }, clock);

interface Limited {
  readonly rate: ActionRate;
  readonly bucket: TokenBucket;
  /** That of the account, of which each call takes a token too. */
  readonly wider: TokenBucket | undefined;
  /** In the order in which they came. */
  readonly waiting: Set<Waiter>;
}

interface Waiter {
  readonly limited: Limited;
  readonly errand: UnderWay;
  readonly go: () => void;
}

/** One set of buckets for the account and region. */
export class Limits {
  readonly #clock: Clock;
  readonly #limited: readonly Limited[];
  #turn = 0;
  /** The one timer, and when it goes off. */
  #timer: { readonly at: number; readonly cut: AbortController } | undefined;

  /** @param factor how much of AWS's documented rates may be used */
  constructor(clock: Clock, factor: number, rates = { account: accountRates, actions: actionRates }) {
    this.#clock = clock;
    const account = new Map(rates.account.map((rate) => [rate.service, bucketOf(rate, factor, clock)] as const));
    this.#limited = rates.actions.map((rate) => ({
      rate,
      bucket: bucketOf(rate, factor, clock),
      wider: account.get(rate.service),
      waiting: new Set(),
    }));
  }

  /**
   * Waits for a turn. `service` is the IAM prefix, `action` the API's: `CreateRule`.
   * @throws RecalledError when the errand is called back before it has made a call
   */
  async take(service: string, action: string, signal?: AbortSignal): Promise<void> {
    const limited = this.#find(service, action);
    if (limited === undefined) return;
    const errand = errandUnderWay();
    const recall = errand.calls > 0 ? undefined : errand.recall;
    signal?.throwIfAborted();
    if (recall?.aborted === true) throw new RecalledError();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { limited, errand, go: resolve };
    const giveUp = (): void => reject(signal?.reason);
    const comeBack = (): void => {
      if (errand.calls === 0) reject(new RecalledError());
    };
    signal?.addEventListener('abort', giveUp);
    recall?.addEventListener('abort', comeBack);
    limited.waiting.add(waiter);
    this.#serve();
    try {
      await promise;
    } catch (error) {
      limited.waiting.delete(waiter);
      this.#arm();
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
      recall?.removeEventListener('abort', comeBack);
    }
  }

  /** Calls of that kind rest. Were it the account's bucket that is empty, the other kinds would be told so themselves. */
  throttled(service: string, action: string): void {
    this.#find(service, action)?.bucket.throttled();
  }

  succeeded(service: string, action: string): void {
    this.#find(service, action)?.bucket.succeeded();
  }

  #find(service: string, action: string): Limited | undefined {
    return this.#limited.find(({ rate }) => rate.service === service && rate.actions.test(action));
  }

  #serve(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { limited, errand, go } = next;
      // Both tokens go at once: AWS sees the call when it is made, and not those that were put aside for it.
      this.#turn += 1;
      limited.bucket.take(errand, this.#turn);
      limited.wider?.take(errand, this.#turn);
      errand.calls += 1;
      limited.waiting.delete(next);
      go();
    }
    this.#arm();
  }

  #next(): Waiter | undefined {
    const free = this.#limited.filter(({ bucket, waiting }) => waiting.size > 0 && bucket.soonestMs() === 0);
    let next: Waiter | undefined;
    for (const { waiting } of free) {
      for (const waiter of waiting) {
        if ((next === undefined || byTurn(waiter, next) < 0) && waitMs(waiter) === 0) next = waiter;
      }
    }
    return next;
  }

  #wake(): void {
    this.#timer = undefined;
    this.#serve();
  }

  /** One timer, for whoever may be served first. */
  #arm(): void {
    const waits = this.#limited.flatMap(({ waiting }) => soonestOf(waiting));
    const at = this.#clock.monotonic() + Math.min(...waits);
    if (waits.length > 0 && this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cut.abort();
    this.#timer = undefined;
    if (waits.length === 0) return;
    const cut = new AbortController();
    this.#timer = { at, cut };
    this.#clock.sleep(Math.max(0, at - this.#clock.monotonic()), cut.signal).then(
      () => this.#wake(),
      () => {
        // Replaced by an earlier timer.
      },
    );
  }
}

function waitMs({ limited, errand }: Waiter): number {
  const buckets = [limited.bucket, ...(limited.wider ? [limited.wider] : [])];
  // What has begun is finished with the reserve: it waits in nobody's way for long.
  const waits = isNearlyDone(errand)
    ? buckets.map((bucket) => bucket.soonestMs())
    : buckets.map((bucket) => bucket.waitMs(errand.namespace));
  return Math.max(...waits);
}

/** How long until one of those that wait for a bucket is served: those of a namespace wait equally long. */
function soonestOf(waiting: ReadonlySet<Waiter>): readonly number[] {
  const waits = new Map<string, number>();
  for (const waiter of waiting) {
    const key = `${waiter.errand.namespace} ${isNearlyDone(waiter.errand)}`;
    if (!waits.has(key)) waits.set(key, waitMs(waiter));
  }
  return [...waits.values()];
}

/** Whose namespace was served longest ago; in a namespace first what has begun, then whose object was; then who came first. */
function byTurn(a: Waiter, b: Waiter): number {
  const [aNamespace, aObject] = a.limited.bucket.servedAt(a.errand);
  const [bNamespace, bObject] = b.limited.bucket.servedAt(b.errand);
  return (
    aNamespace - bNamespace || Number(isNearlyDone(b.errand)) - Number(isNearlyDone(a.errand)) || aObject - bObject
  );
}
