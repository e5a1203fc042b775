// A bucket of AWS's tokens, and who has taken some. It only computes with the clock: it does not know who waits.

import type { Clock } from '../kube/clock.ts';
import { throttled, withoutTokenMs } from './timings.ts';

export interface Rate {
  /** The size of the bucket, in requests. */
  readonly burst: number;
  readonly perSecond: number;
}

/** Who takes a token. */
export interface Taker {
  readonly namespace: string;
  readonly object: string;
}

/** A smaller bucket is not divided. */
const leastToDivide = 10;

/** How many namespaces and objects are remembered. The ones served longest ago are forgotten first. */
const remembered = 1000;

interface Served {
  readonly turn: number;
  readonly at: number;
  /** How many tokens the namespace may take from the reserve. */
  readonly small: number;
}

export class TokenBucket {
  readonly #clock: Clock;
  readonly #rate: Rate;
  /** Tokens that are kept for small changes: namespaces that take many leave these. */
  readonly #reserve: number;
  readonly #namespaces = new Map<string, Served>();
  readonly #objects = new Map<string, number>();
  #tokens: number;
  #at: number;
  #pauseMs = 0;
  #pausedUntil = 0;

  constructor(rate: Rate, clock: Clock) {
    this.#clock = clock;
    this.#rate = rate;
    this.#reserve = rate.burst < leastToDivide ? 0 : Math.floor(rate.burst / 4);
    this.#tokens = rate.burst;
    this.#at = clock.monotonic();
  }

  /** How long until there is a token for anyone, in milliseconds. */
  soonestMs(): number {
    const now = this.#clock.monotonic();
    if (now < this.#pausedUntil) return Math.ceil(this.#pausedUntil - now);
    this.#refill(now);
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#rate.perSecond) * 1000);
  }

  /** How long until the namespace may take a token, in milliseconds, if nobody else takes one first. */
  waitMs(namespace: string): number {
    const soonest = this.soonestMs();
    const now = this.#clock.monotonic();
    const served = this.#namespaces.get(namespace);
    if (served === undefined || now < this.#pausedUntil || this.#small(served, now) >= 1) return soonest;
    const missing = 1 + this.#reserve - this.#tokens;
    const wait = Math.max(soonest, Math.ceil((missing / this.#rate.perSecond) * 1000));
    return Math.min(wait, Math.max(soonest, Math.ceil(served.at + withoutTokenMs - now)));
  }

  /** @param turn a number that grows with each token of any bucket */
  take({ namespace, object }: Taker, turn: number): void {
    const now = this.#clock.monotonic();
    this.#refill(now);
    this.#tokens -= 1;
    const before = this.#namespaces.get(namespace);
    const small = before === undefined ? this.#reserve : this.#small(before, now);
    keep(this.#namespaces, namespace, { turn, at: now, small: Math.max(0, small - 1) });
    keep(this.#objects, `${namespace} ${object}`, turn);
  }

  /** The last turns of the namespace, and of the object in it. The one served longest ago is served next. */
  servedAt({ namespace, object }: Taker): readonly [namespace: number, object: number] {
    return [this.#namespaces.get(namespace)?.turn ?? 0, this.#objects.get(`${namespace} ${object}`) ?? 0];
  }

  /** AWS throttled us, because others in the account use its rates too: pause, twice as long each time in a row. */
  throttled(): void {
    const now = this.#clock.monotonic();
    // Several throttled calls that ran at the same time count once.
    if (now < this.#pausedUntil) return;
    this.#pauseMs = Math.min(
      throttled.longestPauseMs,
      this.#pauseMs === 0 ? throttled.firstPauseMs : this.#pauseMs * 2,
    );
    this.#pausedUntil = now + this.#pauseMs;
    this.#tokens = 0;
    this.#at = this.#pausedUntil;
  }

  succeeded(): void {
    if (this.#clock.monotonic() >= this.#pausedUntil) this.#pauseMs = 0;
  }

  /** Each namespace gets back a quarter of the rate. */
  #small(served: Served, now: number): number {
    return Math.min(this.#reserve, served.small + ((now - served.at) / 1000) * (this.#rate.perSecond / 4));
  }

  #refill(now: number): void {
    const earned = (Math.max(0, now - this.#at) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + earned);
    this.#at = Math.max(this.#at, now);
  }
}

/** A map keeps the order of insertion, so an entry that is set again moves to the end. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= remembered) return;
    map.delete(oldest);
  }
}
