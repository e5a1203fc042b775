// Pods that come and go in the whole cluster, many per second, for minutes.
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Pods } from './pods.ts';
import type { Registered } from './registered.ts';
import { type Spread, spreadOf } from './spread.ts';

const lookMs = 200;

interface Change {
  readonly service: string;
  readonly address: string;
  readonly since: number;
}

/** Differences between AWS's targets and the pods, with their start. */
class Differences {
  readonly lags: number[] = [];
  /** Changes that another change undid before AWS had to know. */
  undone = 0;
  readonly #open = new Map<string, Change>();

  get size(): number {
    return this.#open.size;
  }

  note(service: string, address: string): void {
    const key = `${service} ${address}`;
    if (this.#open.delete(key)) this.undone += 1;
    else this.#open.set(key, { service, address, since: performance.now() });
  }

  look(pods: Pods, registered: Registered): void {
    const now = performance.now();
    for (const [key, { service, address, since }] of this.#open) {
      if (registered.has(service, address) !== pods.of(service).has(address)) continue;
      this.#open.delete(key);
      this.lags.push(now - since);
    }
  }
}

export interface Churn {
  readonly changes: number;
  readonly seconds: number;
  readonly undone: number;
  /** How long AWS differed from Kubernetes, in milliseconds, one value per pod. */
  readonly lag: Spread;
  /** The time from the last change until AWS was equal to Kubernetes. */
  readonly settledSeconds: number;
  /** Services whose targets in AWS differ from their pods at the end. */
  readonly wrong: number;
}

const one = <T>(items: readonly T[]): T => {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('There is nothing to choose from');
  return item;
};

export interface ChurnOptions {
  /** The Services whose pods change. */
  readonly services: readonly string[];
  readonly podsPerService: number;
  readonly perSecond: number;
  readonly seconds: number;
}

/** A Service has the initial number of pods, or one more or less. */
function change(pods: Pods, { services, podsPerService }: ChurnOptions, differences: Differences): string {
  const service = one(services);
  const present = [...pods.of(service)];
  const grows = present.length < podsPerService || (present.length === podsPerService && Math.random() < 0.5);
  const address = grows ? pods.add(service) : one(present);
  if (!grows) pods.remove(service, address);
  differences.note(service, address);
  return service;
}

export async function churn(pods: Pods, registered: Registered, options: ChurnOptions): Promise<Churn> {
  const { perSecond, seconds } = options;
  const differences = new Differences();
  const limit = pLimit(20);
  const writes: Promise<unknown>[] = [];
  const looking = setInterval(() => differences.look(pods, registered), lookMs);
  const started = performance.now();
  const total = seconds * perSecond;
  try {
    for (let done = 0; done < total; await sleep(10)) {
      for (const due = ((performance.now() - started) / 1000) * perSecond; done < Math.min(due, total); done += 1) {
        const service = change(pods, options, differences);
        writes.push(limit(() => pods.write(service)));
      }
    }
    await Promise.all(writes);
    const ended = performance.now();
    // An undone change may already be on its way to AWS.
    const wrong = (): number => pods.services.filter((service) => !registered.isAs(pods, service)).length;
    const isSettled = (): boolean => differences.size === 0 && wrong() === 0;
    while (!isSettled() && performance.now() - ended < settleMs) await sleep(lookMs);
    return {
      changes: total,
      seconds: (ended - started) / 1000,
      undone: differences.undone,
      lag: spreadOf(differences.lags),
      settledSeconds: (performance.now() - ended) / 1000,
      wrong: wrong(),
    };
  } finally {
    clearInterval(looking);
  }
}

/** Longer than AWS's rates need for two calls to each of a thousand target groups. */
const settleMs = 900_000;
