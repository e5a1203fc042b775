// (c) A route's backend and a filter of it change again and again, while clients send requests.
import { setTimeout as sleep } from 'node:timers/promises';
import { Prober } from './prober.ts';
import { apply, routesPath, type Shop } from './shop.ts';
import { backends, hostOf, routeOf } from './workload.ts';

export interface Flips {
  readonly flips: number;
  readonly answers: number;
  /** All that were no 200. */
  readonly wrong: readonly string[];
}

const flipMs = 200;
const clients = 8;

/** @param route exists */
export async function measureFlips({ admin, prober }: Shop, route: number, flips: number): Promise<Flips> {
  const stopped = new AbortController();
  const wrong: string[] = [];
  let answers = 0;
  const traffic = Array.from({ length: clients }, async () => {
    const client = new Prober(prober.place);
    while (!stopped.signal.aborted) {
      const outcome = await client.ask(hostOf(route)).then(({ status }) => status, String);
      answers += 1;
      if (outcome !== 200) wrong.push(String(outcome));
      await sleep(2);
    }
    client.close();
  });
  for (let flip = 0; flip < flips; flip += 1) {
    const begun = performance.now();
    const backend = backends[flip % 2];
    await apply(admin, routesPath(), routeOf(route, { ...(backend && { backend }), mark: `flip-${flip}` }));
    await sleep(Math.max(0, flipMs - (performance.now() - begun)));
  }
  stopped.abort();
  await Promise.all(traffic);
  return { flips, answers, wrong };
}
