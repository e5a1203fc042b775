// Gatehouse is away for minutes while pods and Envoys come and go. Envoys keep what they have, so some of it is not noticed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { eventually } from '../integration/support/eventually.ts';
import { patienceMs } from './awaiting.ts';
import type { Door } from './metallb-clients.ts';
import { echoPods, isEcho, isReady, type MetallbShop, openMetallbShop, shopTraffic } from './metallb-shop.ts';
import type { MetallbStage } from './metallb-stage.ts';
import type { PacedReport } from './paced-traffic.ts';
import type { Scenario } from './scenario.ts';

const perSecond = 100;

/** How long each part lasts, in milliseconds. An Envoy ends within 40 s. */
const calmMs = 20_000;
const podsMs = 40_000;
const envoysMs = 60_000;

interface Part {
  readonly name: string;
  readonly report: PacedReport;
}

async function during(door: Door, name: string, act: () => Promise<unknown>): Promise<Part> {
  const traffic = shopTraffic(door, { perSecond, isRight: isEcho });
  await act();
  return { name, report: await traffic.stop() };
}

const remove = ({ admin }: MetallbStage, { metadata }: KubeObject): Promise<unknown> =>
  admin.request('DELETE', `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`);

/** A pod of `web` comes, and one goes. @returns the pod that came */
async function changePods(stage: MetallbStage, shop: MetallbShop): Promise<string> {
  const before = await shop.podsOf('web');
  await shop.apply(...echoPods(shop.ns, 'web', { replicas: before.length + 1 }));
  const came = await eventually(async () => {
    const fresh = (await shop.podsOf('web')).filter(isReady).find(({ metadata }) => !names(before).has(metadata.name));
    if (fresh === undefined) throw new Error('The new pod is not ready yet');
    return fresh;
  }, patienceMs);
  const [goes] = before;
  if (goes === undefined) throw new Error('Expected pods');
  await remove(stage, goes);
  return came.metadata.name;
}

const names = (pods: readonly KubeObject[]): ReadonlySet<string> => new Set(pods.map(({ metadata }) => metadata.name));

/** An Envoy ends, and Kubernetes starts another one. @returns failures: the new one must not become ready */
async function replaceEnvoy(stage: MetallbStage, shop: MetallbShop): Promise<readonly string[]> {
  const before = await shop.envoys();
  const [goes] = before;
  if (goes === undefined) throw new Error('Expected Envoys');
  await remove(stage, goes);
  const until = performance.now() + envoysMs;
  const failures = new Set<string>();
  while (performance.now() < until) {
    await sleep(1000);
    for (const pod of await shop.envoys())
      if (isReady(pod) && !names(before).has(pod.metadata.name))
        failures.add(`the new Envoy ${pod.metadata.name} became ready without a configuration`);
  }
  const fresh = (await shop.envoys()).filter(({ metadata }) => !names(before).has(metadata.name));
  return fresh.length === 1 ? [...failures] : [`expected 1 new Envoy, there are ${fresh.length}`];
}

/** @returns how many seconds it took until all Envoys are ready, and the pod that came gets requests */
async function back(stage: MetallbStage, shop: MetallbShop, door: Door, came: string): Promise<number> {
  const from = performance.now();
  await stage.startGatehouse();
  await eventually(async () => {
    const ready = (await shop.envoys()).filter(isReady);
    if (ready.length !== 2) throw new Error(`${ready.length} Envoys are ready`);
    const { answers } = (await during(door, '', () => sleep(500))).report;
    if (!answers.has(came)) throw new Error(`${came} gets no requests`);
  }, patienceMs);
  return (performance.now() - from) / 1000;
}

/** The share of requests that may be lost while Envoys cannot know who is gone. */
const lostMax = 0.005;

const tooMany = ({ name, report: { requests, failures } }: Part): readonly string[] =>
  failures.length <= lostMax * requests ? [] : failures.map((failure) => `${name}: ${failure}`);

const describe = ({ name, report }: Part): string => {
  const { requests, failures, p99Ms } = report;
  const [first] = failures;
  const lost = `${failures.length} of ${requests} requests failed, p99 ${p99Ms.toFixed(0)} ms`;
  return `${name}: ${lost}${first === undefined ? '' : `; first: ${first}`}`;
};

const away: Scenario<MetallbStage> = {
  name: 'metallb-gatehouse-away',
  what: `kill -9 of Gatehouse, which comes back after ${(calmMs + podsMs + envoysMs) / 1000} s; pods and an Envoy come and go`,
  run: async (stage) => {
    const shop = await openMetallbShop(stage, 'away');
    const door = await shop.open();
    await stage.endGatehouse('SIGKILL');
    let came = '';
    let wrong: readonly string[] = [];
    const calm = await during(door, 'nothing changes', () => sleep(calmMs));
    const pods = await during(door, 'a pod comes, another goes', async () => {
      const until = sleep(podsMs);
      came = await changePods(stage, shop);
      await until;
    });
    const envoys = await during(door, 'an Envoy ends, another is not ready', async () => {
      wrong = await replaceEnvoy(stage, shop);
    });
    const seconds = await back(stage, shop, door, came);
    const after = await during(door, 'back', () => sleep(calmMs));
    const parts = [calm, pods, envoys, after];
    const noticed = [calm, pods, envoys].filter(({ report }) => report.answers.has(came));
    return {
      count: `${parts.reduce((sum, { report }) => sum + report.requests, 0).toLocaleString('en')} requests`,
      failures: [
        ...wrong,
        ...noticed.map(({ name }) => `${name}: the new pod got requests, so Gatehouse was not away`),
        ...[calm, after].flatMap(({ name, report }) => report.failures.map((failure) => `${name}: ${failure}`)),
        ...[pods, envoys].flatMap(tooMany),
      ],
      duplicates: [],
      leaks: await shop.close(),
      notes: [...parts.map(describe), `all was right ${seconds.toFixed(1)} s after the start`],
    };
  },
};

export const metallbAway = [away];
