// (b) Routes one by one: milliseconds from the write in Kubernetes to the first answer by the route, and whose they are.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Spread, spreadOf } from '../spread.ts';
import type { Answer } from './prober.ts';
import { allRoutesPath, apply, create, routesPath, type Shop, type Written } from './shop.ts';
import { Watcher } from './watcher.ts';
import { hostOf, routeOf } from './workload.ts';

export interface Propagation {
  /** From sending the write to the first right answer. */
  readonly whole: Spread;
  /** From sending the write until its watchers know: the API server's share. */
  readonly server: Spread;
  /** From the watch event to the first right answer: Gatehouse and Envoy. */
  readonly own: Spread;
  /** What the prober takes for an answer that is there already. */
  readonly prober: Spread;
  readonly errors: readonly string[];
}

class Times {
  readonly whole: number[] = [];
  readonly server: number[] = [];
  readonly own: number[] = [];
}

const isServed = ({ status }: Answer): boolean => status === 200;

/** A write, and the first answer that shows it. */
async function timed(
  { watcher, times }: { readonly watcher: Watcher; readonly times: Times },
  write: () => Promise<Written>,
  answer: () => Promise<number>,
): Promise<void> {
  const begun = performance.now();
  const [written, answered] = await Promise.all([write(), answer()]);
  let seen = watcher.seen(written.metadata.resourceVersion);
  for (; seen === undefined; await sleep(1)) seen = watcher.seen(written.metadata.resourceVersion);
  times.whole.push(answered - begun);
  times.server.push(seen - begun);
  // Our own watch may be told after that of Gatehouse.
  times.own.push(Math.max(0, answered - seen));
}

async function measured(
  { admin, prober }: Shop,
  work: (given: { readonly watcher: Watcher; readonly times: Times }) => Promise<void>,
): Promise<Propagation> {
  await using watcher = await Watcher.start(admin, allRoutesPath);
  const times = new Times();
  const before = prober.errors.length;
  await work({ watcher, times });
  const alone: number[] = [];
  for (let index = 0; index < 200; index += 1) {
    const begun = performance.now();
    await prober.ask(hostOf(0));
    alone.push(performance.now() - begun);
    await sleep(2);
  }
  return {
    whole: spreadOf(times.whole),
    server: spreadOf(times.server),
    own: spreadOf(times.own),
    prober: spreadOf(alone),
    errors: prober.errors.slice(before),
  };
}

/** Adds routes, each when the one before serves. @param progress is called every 500 routes */
export const measureGrowth = (shop: Shop, routes: number, progress: (done: number, last: Spread) => void) =>
  measured(shop, async (given) => {
    for (let index = 0; index < routes; index += 1) {
      await timed(
        given,
        () => create(shop.admin, routesPath(), routeOf(index)),
        () => shop.prober.until(hostOf(index), isServed, ({ status }) => status === 404),
      );
      if (index % 500 === 499) progress(index + 1, spreadOf(given.times.whole.slice(-500)));
    }
  });

/** One route of many gets another header for its backend, again and again. */
export const measureChange = (shop: Shop, routes: number, changes: number) =>
  measured(shop, async (given) => {
    for (let index = 0; index < changes; index += 1) {
      const route = (index * 37) % routes;
      const mark = `mark-${index}`;
      await timed(
        given,
        () => apply(shop.admin, routesPath(), routeOf(route, { mark })),
        () => shop.prober.until(hostOf(route), ({ body }) => body.includes(`"${mark}"`), isServed),
      );
    }
  });
