// (a) Routes on one Gateway, all at once: how long until its status counts them, and how often the status is written.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../../localstack/cluster/apply.ts';
import { create, gatewayPath, inParallel, routesPath, type Shop } from './shop.ts';
import { Watcher } from './watcher.ts';
import { gatewayName, ns, routeOf } from './workload.ts';

const pollMs = 20;
const timeoutMs = 300_000;

export interface Attached {
  readonly routes: number;
  /** Seconds from the last write of a route until the Gateway counts all, and what creating them took. */
  readonly up: number;
  readonly creating: number;
  /** Seconds from the last deletion until the Gateway counts none. */
  readonly down: number;
  /** Of the Gateway's status. */
  readonly writes: number;
}

interface Gateway extends KubeObject {
  readonly status?: { readonly listeners?: readonly { readonly attachedRoutes: number }[] };
}

export async function measureAttached({ admin }: Shop, routes: number): Promise<Attached> {
  await using watcher = await Watcher.start(admin, gatewayPath.replace(/\/[^/]+$/, ''));
  const until = async (count: number): Promise<void> => {
    for (const deadline = performance.now() + timeoutMs; ; await sleep(pollMs)) {
      const gateway = await admin.request<Gateway>('GET', gatewayPath);
      if (gateway.status?.listeners?.[0]?.attachedRoutes === count) return;
      if (performance.now() > deadline) throw new Error(`${ns}/${gatewayName} still does not count ${count} routes`);
    }
  };
  const indexes = Array.from({ length: routes }, (_, index) => index);
  const creating = await seconds(() => inParallel(indexes, (index) => create(admin, routesPath(), routeOf(index))));
  const up = await seconds(() => until(routes));
  await inParallel(indexes, (index) => admin.request('DELETE', `${routesPath()}/route-${index}`));
  const down = await seconds(() => until(0));
  return { routes, up, creating, down, writes: watcher.count };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
