// The account's request rates. AWS throttles requests beyond them, for us and for everyone else in the account. So each attempt
// takes a token first. If tokens are short, namespaces take turns: much work of one namespace does not delay the others.
import type { Clock } from '../kube/clock.ts';
import { errandUnderWay, isNearlyDone, RecalledError, type UnderWay } from './errand.ts';
import { TokenBucket } from './token-bucket.ts';

interface ServiceRate {
  readonly service: string;
  /** The size of the bucket, in requests. */
  readonly burst: number;
  readonly perSecond: number;
}

interface ActionRate extends ServiceRate {
  readonly actions: RegExp;
}

/**
 * A call takes a token from its service's bucket in `accountRates`, if there is one, and from the first one that matches in
 * `actionRates`. EC2 and ACM have one bucket an action; here several actions share one, because we make few of these calls.
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

/** AWS's buckets are never used up completely, because clocks and network delays differ by some milliseconds. */
const spare = 1;

/** The part of AWS's rates that we may use: `factor` times as much. */
const bucketOf = ({ burst, perSecond }: ServiceRate, factor: number, clock: Clock): TokenBucket =>
  new TokenBucket({ burst: Math.max(1, burst * factor - spare), perSecond: perSecond * factor }, clock);

interface Limited {
  readonly rate: ActionRate;
  readonly bucket: TokenBucket;
  /** The account's bucket, from which each call takes a token too. */
  readonly wider: TokenBucket | undefined;
  /** In the order of arrival. */
  readonly waiting: Set<Waiter>;
}

interface Waiter {
  readonly limited: Limited;
  readonly errand: UnderWay;
  readonly go: () => void;
}

/** The buckets of one account and region. */
export class Limits {
  readonly #clock: Clock;
  readonly #limited: readonly Limited[];
  #turn = 0;
  /** The only timer, and when it fires. */
  #timer: { readonly at: number; readonly cut: AbortController } | undefined;

  /** @param factor which part of AWS's documented rates may be used */
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
   * Waits for a turn. `service` is the IAM prefix, `action` the API's name: `CreateRule`.
   * @throws RecalledError if the errand is recalled before it has made a call
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

  /** Pauses calls of that kind. If the account's bucket were empty, calls of other kinds would be throttled too, and pause. */
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
      // Both tokens are taken together: AWS counts the call when it is made, not when a token is reserved.
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

  /** One timer, for the caller that may be served first. */
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
        // An earlier timer has replaced it.
      },
    );
  }
}

function waitMs({ limited, errand }: Waiter): number {
  const buckets = [limited.bucket, ...(limited.wider ? [limited.wider] : [])];
  // An errand that has begun may use the reserve: it will soon be done.
  const waits = isNearlyDone(errand)
    ? buckets.map((bucket) => bucket.soonestMs())
    : buckets.map((bucket) => bucket.waitMs(errand.namespace));
  return Math.max(...waits);
}

/** How long until the first caller that waits for a bucket is served. Callers of one namespace wait equally long. */
function soonestOf(waiting: ReadonlySet<Waiter>): readonly number[] {
  const waits = new Map<string, number>();
  for (const waiter of waiting) {
    const key = `${waiter.errand.namespace} ${isNearlyDone(waiter.errand)}`;
    if (!waits.has(key)) waits.set(key, waitMs(waiter));
  }
  return [...waits.values()];
}

/** Order: the namespace served longest ago; in it errands that have begun; then the object served longest ago; then arrival. */
function byTurn(a: Waiter, b: Waiter): number {
  const [aNamespace, aObject] = a.limited.bucket.servedAt(a.errand);
  const [bNamespace, bObject] = b.limited.bucket.servedAt(b.errand);
  return (
    aNamespace - bNamespace || Number(isNearlyDone(b.errand)) - Number(isNearlyDone(a.errand)) || aObject - bObject
  );
}
