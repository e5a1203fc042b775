// The scenarios on Envoy. Each has a cluster of its own.
import type { Row } from '../table.ts';
import { measureAttached } from './attached.ts';
import { measureFlips } from './flips.ts';
import { addRoutes, makeNamespaces, measureLoad } from './load.ts';
import { measureNewPod } from './new-pod.ts';
import { measureChange, measureGrowth } from './propagation.ts';
import { attachedRows, changeRows, flipsRow, growthRows, loadRows, newPodRow } from './rows.ts';
import { openShop, type Shop } from './shop.ts';

export interface EnvoyOptions {
  /** How many routes (b) adds. */
  readonly routes: number;
  /** How many routes (d) has, step by step. */
  readonly loads: readonly number[];
}

const attachedRoutes = 1000;
const changes = 300;
const flips = 100;
const pods = 50;
const loadSeconds = 60;

const say = (line: string): void => console.log(`  ${line}`);

async function attached(shop: Shop): Promise<readonly Row[]> {
  return attachedRows(await measureAttached(shop, attachedRoutes));
}

async function served(shop: Shop, routes: number): Promise<readonly Row[]> {
  const growth = await measureGrowth(shop, routes, (done, { median, p99 }) =>
    say(`${done} routes; the last 500: median ${median.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`),
  );
  const changed = await measureChange(shop, routes, changes);
  const flipped = await measureFlips(shop, 0, flips);
  const scaled = await measureNewPod(shop, routes, pods);
  return [...growthRows(routes, growth), ...changeRows(routes, changed), flipsRow(flipped), newPodRow(routes, scaled)];
}

async function loaded(shop: Shop, loads: readonly number[]): Promise<readonly Row[]> {
  await makeNamespaces(shop);
  const rows: Row[] = [];
  let made = 0;
  for (const routes of loads) {
    await addRoutes(shop, made, routes);
    made = routes;
    say(`${routes} routes serve; changes for ${loadSeconds} s …`);
    rows.push(...loadRows(await measureLoad(shop, routes, loadSeconds)));
  }
  return rows;
}

type Measure = (shop: Shop, options: EnvoyOptions) => Promise<readonly Row[]>;

const measures = {
  'envoy-attached': attached,
  'envoy-routes': (shop, { routes }) => served(shop, routes),
  'envoy-load': (shop, { loads }) => loaded(shop, loads),
} as const satisfies Readonly<Record<string, Measure>>;

export type EnvoyName = keyof typeof measures;
export const envoyNames: readonly EnvoyName[] = ['envoy-attached', 'envoy-routes', 'envoy-load'];

/** It needs a sandbox. */
export async function measureEnvoy(program: string, name: EnvoyName, options: EnvoyOptions): Promise<readonly Row[]> {
  console.log(`${name} …`);
  await using shop = await openShop(program, say);
  return await measures[name](shop, options);
}
