// The feeds of providers, which every replica has. A feed begins when a class or a Gateway needs it, so that a provider that
// nobody uses costs nothing.
import type { Gateway } from '../api/gateway-api.ts';
import { gather } from '../gateway/gather.ts';
import { type ObjectKey, objectKey, parseObjectKey } from '../kube/object.ts';
import { WorkQueue } from '../kube/queue.ts';
import { runWorkers, type WorkResult } from '../kube/workers.ts';
import { sourcesFor } from '../provider/context.ts';
import { derive } from '../provider/derive.ts';
import type { Feed, FeedContext } from '../provider/feed.ts';
import { type FedKind } from '../provider/kind.ts';
import { isHeldBy, isOfClass } from '../provider/ownership.ts';
import type { Caches } from './caches.ts';
import { untilExpiry } from './expiry.ts';
import { kindsMissing } from './obstacles.ts';
import { connectTriggers } from './triggers.ts';

export interface FeedsContext extends Omit<FeedContext, 'gatewayDue'> {
  readonly caches: Caches;
}

/** Clients wait for each change, so none waits for others. Changes are gathered only while their Gateway is derived. */
const delays = { gather: 0, endpoints: 0 };

/** When to look again whether a missing kind is installed. In milliseconds. */
const missingMs = 30_000;

const ignored = { add: () => undefined, addAfter: () => undefined };

const groupOf = (key: ObjectKey): string => parseObjectKey(key).namespace ?? '';

/** The feed of one provider. */
export class RunningFeed {
  /** Resolves when the feed has begun, and its caches are filled. */
  readonly begun: Promise<Feed>;
  readonly #kind: FedKind;
  readonly #context: FeedsContext;
  readonly #begin = Promise.withResolvers<Feed>();
  #feed: Feed | undefined;

  constructor(kind: FedKind, context: FeedsContext) {
    this.#kind = kind;
    this.#context = context;
    this.begun = this.#begin.promise;
  }

  /** The feed, if it has begun. */
  get current(): Feed | undefined {
    return this.#feed;
  }

  /** Whether a class or a Gateway needs the provider. */
  isNeeded(): boolean {
    const { caches } = this.#context;
    return caches.gatewayClasses.list().some(this.#isOurs) || caches.gateways.list().some(this.#isHeld);
  }

  /** Runs until the signal aborts. The caches must be filled. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#needed(signal);
    if (signal.aborted) return;
    const { clock, logger, caches } = this.#context;
    const options = { clock, backoffBaseMs: 1000, backoffMaxMs: 60_000, groupOf };
    const gateways = new WorkQueue<ObjectKey>(options);
    const endpoints = new WorkQueue<ObjectKey>(options);
    const log = logger.child({ feed: this.#kind.name });
    const feed = await this.#kind.feed({ ...this.#context, gatewayDue: (key) => gateways.add(key) });
    const running = feed.run(signal);
    await feed.settled;
    this.#feed = feed;
    this.#begin.resolve(feed);
    const queues = { gateways, endpoints, gatewayClasses: ignored, staleRoutes: ignored };
    const disconnect = connectTriggers(caches, queues, [], delays);
    await Promise.all([
      running,
      runWorkers(gateways, 1, (key) => this.#derive(feed, key), signal, log),
      runWorkers(endpoints, 1, (key) => publishEndpoints(feed, key), signal, log),
    ]);
    disconnect();
  }

  readonly #isOurs = ({ spec }: { readonly spec: { readonly controllerName: string } }): boolean =>
    spec.controllerName === this.#kind.controllerName;

  readonly #isHeld = (gateway: Gateway): boolean => isHeldBy(this.#kind, gateway);

  /** Resolves when the provider is needed, or the signal aborts. */
  async #needed(signal: AbortSignal): Promise<void> {
    const { caches } = this.#context;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.isNeeded()) resolve();
    };
    const stops = [caches.gatewayClasses.onChange(look), caches.gateways.onChange(look)];
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    for (const stop of stops) stop();
  }

  async #derive(feed: Feed, key: ObjectKey): Promise<WorkResult | undefined> {
    const { caches, sources } = this.#context;
    const gateway = sources.gateway(key);
    const isOurs = gateway === undefined ? false : isOfClass(this.#kind, gateway, sources);
    if (gateway === undefined || (isOurs === false && !this.#isHeld(gateway))) {
      feed.withdraw(key);
      return undefined;
    }
    // While the class is missing, or the old resources are removed, Envoys and their like keep what they have.
    if (isOurs !== true) return undefined;
    if (kindsMissing(caches, gateway).length > 0) return { requeueAfterMs: missingMs };
    const input = gather(objectKey(gateway.metadata), sourcesFor(sources, { ...this.#kind, ...feed }));
    if (input === undefined) return undefined;
    const { asked, model } = await derive(feed, input);
    if (model !== undefined) feed.publish(key, model);
    const expiryMs = untilExpiry(asked, input.now);
    return expiryMs === undefined ? undefined : { requeueAfterMs: expiryMs };
  }
}

async function publishEndpoints(feed: Feed, service: ObjectKey): Promise<undefined> {
  feed.endpoints(service);
}
