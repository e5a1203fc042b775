// The stream of one Envoy: its state, and the responses that wait to be written.

import { Code, ConnectError } from '@connectrpc/connect';
import type { Clock } from '../../kube/clock.ts';
import type { Stage } from '../readiness.ts';
import { seenFrom } from '../seen-from.ts';
import type { Location, Snapshot } from '../snapshot.ts';
import type { Request, Response } from './delta.ts';
import type { History } from './history.ts';
import type { Identity } from './identities.ts';
import { StreamState } from './stream-state.ts';

/** In bytes. An Envoy that comes back names each resource that it has: about a hundred bytes for each. */
export const LARGEST_REQUEST = 16 * 1024 * 1024;

const firstRetryMs = 10_000;
const longestRetryMs = 300_000;

export class Stream {
  readonly identity: Identity;
  readonly state: StreamState;
  /** A pod never changes its node. */
  readonly #location: Location;
  readonly #waiting: Response[] = [];
  /** Resolved when there is something to write, or the stream has ended. */
  #wake = Promise.withResolvers<void>();
  #end: { readonly error: Error | undefined } | undefined;
  #reported = '';

  constructor(identity: Identity, history: History, location: Location) {
    this.identity = identity;
    this.#location = location;
    this.state = new StreamState(history);
  }

  publish(snapshot: Snapshot): void {
    this.state.publish(seenFrom(snapshot, this.#location));
    this.#send();
  }

  enter(stage: Stage): void {
    this.state.enter(stage);
    this.#send();
  }

  request(request: Request): void {
    this.state.request(request);
    if (this.state.namesLength > LARGEST_REQUEST) this.end(new ConnectError('too many names', Code.ResourceExhausted));
    this.#send();
  }

  /** Sends what Envoy rejected again, until the signal aborts. */
  async retry(clock: Clock, signal: AbortSignal): Promise<void> {
    let waitMs = firstRetryMs;
    while (!signal.aborted) {
      await clock.sleep(waitMs, signal).catch(() => undefined);
      waitMs = this.state.rejections().length === 0 ? firstRetryMs : Math.min(2 * waitMs, longestRetryMs);
      this.state.retry();
      this.#send();
    }
  }

  /** @param error what Envoy is told; without it the stream ends well */
  end(error?: Error): void {
    this.#end ??= { error };
    this.#wake.resolve();
  }

  /** True if Envoy has reached the latest snapshot, or rejects something else, since the last call. */
  hasNews(): boolean {
    const rejected = this.state.rejections().map(({ kind, name, version }) => `${kind} ${name} ${version}`);
    const now = JSON.stringify([this.state.isCurrent, rejected]);
    const isNew = now !== this.#reported;
    this.#reported = now;
    return isNew;
  }

  /** Every response, until the stream ends. */
  async *responses(): AsyncGenerator<Response> {
    for (;;) {
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return;
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers<void>();
      }
    }
  }

  #send(): void {
    this.#waiting.push(...this.state.send());
    this.#wake.resolve();
  }
}
