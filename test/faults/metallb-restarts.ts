// MetalLB is restarted, or loses its pool. The statuses stay true.
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteObjects, get, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import type { Gateway } from '../../src/api/gateway-api.ts';
import { eventually } from '../integration/support/eventually.ts';
import { gateway, http, httpRoute, https } from '../integration/support/objects.ts';
import { gatewayPath } from '../integration/support/status.ts';
import { patienceMs } from './awaiting.ts';
import type { Door } from './metallb-clients.ts';
import {
  className,
  findingsOf,
  isEcho,
  isProgrammed,
  type List,
  openMetallbShop,
  programmed,
  shopTraffic,
  wordsOf,
} from './metallb-shop.ts';
import type { MetallbStage } from './metallb-stage.ts';
import type { PacedReport } from './paced-traffic.ts';
import type { Scenario } from './scenario.ts';

const metallbNs = 'metallb-system';
const perSecond = 100;

/** Kills MetalLB's pods. Kubernetes starts others. */
async function killMetallb({ admin }: MetallbStage): Promise<void> {
  const path = `/api/v1/namespaces/${metallbNs}/pods`;
  const pods = (await get<List>(admin, path))?.items ?? [];
  const now = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
  await Promise.all(pods.map(({ metadata }) => admin.request('DELETE', `${path}/${metadata.name}`, { body: now })));
}

const saysTrue = ({ status }: Gateway, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

/** MetalLB's own statuses may be that late while it is restarted. In milliseconds. */
const behindMs = 10_000;

/** A Gateway that says that it is programmed and announced must answer. */
function watchTruth(stage: MetallbStage, ns: string, names: readonly string[]) {
  const stopped = new AbortController();
  const lies: string[] = [];
  let looks = 0;
  const look = async (name: string): Promise<void> => {
    const found = await get<Gateway>(stage.admin, gatewayPath(ns, name));
    const address = found?.status?.addresses?.[0]?.value;
    if (found === undefined || address === undefined) return;
    if (!saysTrue(found, 'Programmed') || !saysTrue(found, 'gatehouse.dev/Announced')) return;
    looks += 1;
    const failure = await eventually(() => ask(stage, address), behindMs).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (failure === undefined) return;
    const now = await get<Gateway>(stage.admin, gatewayPath(ns, name));
    if (now !== undefined && saysTrue(now, 'Programmed') && saysTrue(now, 'gatehouse.dev/Announced'))
      lies.push(`${name} says Programmed and Announced, but ${address} does not answer: ${failure}`);
  };
  const running = (async () => {
    for (; !stopped.signal.aborted; await sleep(500)) for (const name of names) await look(name);
  })();
  return {
    stop: async () => {
      stopped.abort();
      await running;
      return { lies, looks };
    },
  };
}

/** @throws if it does not answer with 200 */
async function ask({ client }: MetallbStage, address: string, port = 80): Promise<void> {
  const response = await client.fetch(`http://shop.example.com:${port}/`, {
    address,
    signal: AbortSignal.timeout(10_000),
  });
  await response.text();
  if (response.status !== 200) throw new Error(`${address}:${port} answers ${response.status}`);
}

const other = (ns: string): readonly KubeObject[] => [
  gateway(ns, 'other', [http()], { gatewayClassName: className }),
  httpRoute(ns, 'other', ['other'], ['web']),
];

const restarted: Scenario<MetallbStage> = {
  name: 'metallb-restarted',
  what: "kill -9 of MetalLB's controller and speakers: while Gateways serve, one is made, one changes, one is deleted",
  run: async (stage) => {
    const shop = await openMetallbShop(stage, 'restarted');
    const door = await shop.open();
    const traffic = shopTraffic(door, { perSecond, isRight: isEcho });
    const truth = watchTruth(stage, shop.ns, ['gw', 'other']);
    const failures: string[] = [];
    await killMetallb(stage);
    await shop.apply(...other(shop.ns));
    const address = await programmed(stage, shop.ns, 'other');
    await eventually(() => ask(stage, address), patienceMs);
    await killMetallb(stage);
    const more = http({ name: 'more', port: 8080 });
    await shop.apply(shop.gw([http(), https(['tls']), more]));
    const same = await programmed(stage, shop.ns, 'gw');
    if (same !== door.address) failures.push(`the address ${door.address} became ${same}`);
    await eventually(() => ask(stage, same, 8080), patienceMs);
    const { lies, looks } = await truth.stop();
    await killMetallb(stage);
    await deleteObjects(stage.admin, other(shop.ns));
    await waitFor(stage.admin, gatewayPath(shop.ns, 'other'), (found) => found === undefined, {
      timeoutMs: patienceMs,
    });
    await eventually(async () => {
      if ((await stage.client.whoHas(address)) !== undefined) throw new Error(`${address} is still announced`);
    }, patienceMs);
    const report = await traffic.stop();
    return findingsOf(shop, report, [...failures, ...lies], [`${looks} times a status said that a Gateway serves`]);
  },
};

const poolPath = `/apis/metallb.io/v1beta1/namespaces/${metallbNs}/ipaddresspools/default`;

/** How soon the status must say that the address is gone, in milliseconds. */
const toldMs = 15_000;

/** Without it MetalLB would choose again, and perhaps another one. */
const askedFor = '10.249.0.150';

const poolTaken: Scenario<MetallbStage> = {
  name: 'metallb-pool-taken',
  what: 'the pool is deleted while a Gateway serves at the address that it asks for, and another is made; then it is given back',
  run: async (stage) => {
    const { admin } = stage;
    const shop = await openMetallbShop(stage, 'pool', {
      spec: { addresses: [{ type: 'IPAddress', value: askedFor }] },
    });
    const door = await shop.open();
    const pool = await admin.request<KubeObject & { readonly spec: unknown }>('GET', poolPath);
    const truth = watchTruth(stage, shop.ns, ['gw', 'other']);
    await admin.request('DELETE', poolPath);
    const notes: string[] = [];
    const failures: string[] = [];
    try {
      await shop.apply(...other(shop.ns));
      await sleep(toldMs);
      for (const name of ['gw', 'other']) {
        const said = await get<Gateway>(admin, gatewayPath(shop.ns, name));
        notes.push(`${name}: ${wordsOf(said)}`);
        if (said === undefined || isProgrammed(said)) failures.push(`${name} says Programmed without a pool`);
      }
    } finally {
      const { apiVersion, kind, spec } = pool;
      await shop.apply({ apiVersion, kind, metadata: { name: 'default', namespace: metallbNs }, spec });
    }
    const from = performance.now();
    const same = await programmed(stage, shop.ns, 'gw');
    if (same !== door.address) failures.push(`the address ${door.address} became ${same}`);
    await eventually(() => ask(stage, same), patienceMs);
    await eventually(async () => ask(stage, await programmed(stage, shop.ns, 'other')), patienceMs);
    notes.push(`all served ${((performance.now() - from) / 1000).toFixed(1)} s after the pool was back`);
    const { lies, looks } = await truth.stop();
    const report = await steady(door);
    await deleteObjects(admin, other(shop.ns));
    return findingsOf(
      shop,
      report,
      [...failures, ...lies],
      [...notes, `${looks} times a status said that a Gateway serves`],
    );
  },
};

async function steady(door: Door): Promise<PacedReport> {
  const traffic = shopTraffic(door, { perSecond, isRight: isEcho });
  await sleep(3000);
  return traffic.stop();
}

export const metallbRestarts = [restarted, poolTaken];
