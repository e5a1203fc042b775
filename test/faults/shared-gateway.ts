// A Gateway that two tenants share. One tenant acts as the scenario says. The other one's requests and changes are measured.
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { rulesOf } from '../integration/support/aws.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { backendRef, httpRoute } from '../integration/support/objects.ts';
import { gone } from './awaiting.ts';
import { describeLatencies, type Latencies, measureChanges, slower, type Tenant } from './neighbour.ts';
import { type ProcessReport, together, watchProcess } from './process-watch.ts';
import type { Findings, Options } from './scenario.ts';
import { openShop, type Shop, startServingRig } from './shop.ts';
import type { TrafficReport } from './traffic.ts';

/** Node's heap limit with the image's memory limit of 512 MiB: half of it. */
const nodeOptions = '--max-semi-space-size=2 --max-old-space-size=256';
const flags = { 'enable-leader-election': 'true' } as const;

export const startSharedRig = (options: Options): Promise<Rig> =>
  startServingRig(options, {}, { gatehouse: { flags, env: { NODE_OPTIONS: nodeOptions } } });

/** The port that both tenants use. */
const sharedPort = 80;

export interface SharedGateway {
  readonly rig: Rig;
  readonly shop: Shop;
  /** The namespace of the tenant that acts. */
  readonly tenant: string;
  /** The parentRef of that tenant's routes. */
  readonly parentRef: { readonly name: string; readonly namespace: string };
  /** The rules of the load balancer, in words. */
  readonly rules: () => readonly string[];
  /** Ends Gatehouse and starts it again. */
  readonly restart: () => Promise<void>;
}

export interface Limits {
  /** The memory limit of Gatehouse. */
  readonly memoryMiB: number;
  /** The limit for 95 of 100 changes of the other tenant. */
  readonly changeMs: number;
}

/** The limit for one block of the event loop. */
const blockLimitMs = 200;

/**
 * @param act the tenant's actions; resolves when all are carried out
 * @returns the results for the other tenant, for Gatehouse, and of `act`
 */
export async function besides(
  rig: Rig,
  name: string,
  limits: Limits,
  act: (shared: SharedGateway) => Promise<readonly string[]>,
): Promise<Findings> {
  const shop = await openShop(rig, name, { from: 'All' });
  const tenant = await rig.freshNamespace(`${name}-other`);
  await rig.backend(tenant, 'api');
  await shop.deploy('web');
  await shop.open([route(shop.ns, 0)]);
  const rules = () => rulesOf(rig, `${shop.ns}/gw`, sharedPort);
  // Earlier measurements do not belong to this scenario.
  await rig.restart();
  let watch = await watchProcess(rig);
  const used: ProcessReport[] = [];
  const restart = async (): Promise<void> => {
    used.push(await watch.stop());
    await rig.restart();
    watch = await watchProcess(rig);
  };
  const traffic = shop.traffic({ perSecond: 50, paths: ['/'], isRight: (answer) => answer === 'web v1 8080' });
  const changes = changing(rig, shop, rules);
  const failures: string[] = [];
  const parentRef = { name: 'gw', namespace: shop.ns };
  failures.push(
    ...(await act({ rig, shop, tenant, parentRef, rules, restart }).catch((error: unknown) => [String(error)])),
  );
  const changed = await changes.stop();
  const seen = await traffic.stop();
  used.push(await watch.stop());
  const process = together(used);
  await rig.remove([shop.gw]);
  await gone(rig, shop.gw);
  await shop.endPods();
  return {
    count: `${seen.requests.toLocaleString('en')} requests, ${changed.count} changes of another tenant`,
    failures: [...failures, ...judge(limits, changed, process), ...seen.failures],
    duplicates: [],
    leaks: [],
    notes: [describe(changed, process, seen)],
  };
}

function judge({ memoryMiB, changeMs }: Limits, changed: Latencies, used: ProcessReport): readonly string[] {
  return [
    ...slower('the other tenant', changed, changeMs),
    ...(used.ended ? ['Gatehouse has ended'] : []),
    ...(used.transitions === 0 ? [] : [`the lease changed hands ${used.transitions} times`]),
    ...(used.peakMiB <= memoryMiB ? [] : [`Gatehouse took ${used.peakMiB.toFixed(0)} MiB`]),
    ...(used.blockMs <= blockLimitMs ? [] : [`Gatehouse blocked its event loop for ${used.blockMs.toFixed(0)} ms`]),
  ];
}

const describe = (changed: Latencies, used: ProcessReport, { heldUpMs }: TrafficReport): string =>
  [
    describeLatencies('the other tenant', changed),
    `${used.peakMiB.toFixed(0)} MiB at most`,
    `longest block ${used.blockMs.toFixed(0)} ms (${used.lagMs.toFixed(0)} with collections and what the machine withheld)`,
    `this process was held up for ${heldUpMs.toFixed(0)} ms at most`,
  ].join('; ');

/** The other tenant's route after this many changes. */
const route = (ns: string, change: number): KubeObject =>
  httpRoute(
    ns,
    'web',
    ['gw'],
    [
      { matches: [{ path: { type: 'PathPrefix', value: `/change-${change}` } }], backendRefs: [backendRef('web')] },
      { backendRefs: [backendRef('web')] },
    ],
    { hostnames: ['shop.example.com'] },
  );

/** The pause between two changes, in milliseconds. */
const pauseMs = 1000;

/** The other tenant changes its route, again and again. */
function changing(rig: Rig, { ns }: Shop, rules: () => readonly string[]): { stop(): Promise<Latencies> } {
  const stopped = new AbortController();
  const tenant: Tenant = {
    change: (n) => rig.apply([route(ns, n)]),
    isThere: (n) => rules().some((words) => new RegExp(`/change-${n}\\b`).test(words)),
  };
  const running = measureChanges(tenant, pauseMs, () => !stopped.signal.aborted);
  return {
    stop: () => {
      stopped.abort();
      return running;
    },
  };
}
