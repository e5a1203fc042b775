// Envoys and backends come and go under steady traffic of HTTP/1.1, HTTP/2 and gRPC. No request fails.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { eventually } from '../integration/support/eventually.ts';
import { patienceMs } from './awaiting.ts';
import {
  allAvailable,
  isEcho,
  isReady,
  type MetallbShop,
  openMetallbShop,
  type Pod,
  shopTraffic,
} from './metallb-shop.ts';
import type { MetallbStage } from './metallb-stage.ts';
import { describeTraffic, type PacedReport } from './paced-traffic.ts';
import type { Scenario } from './scenario.ts';
import { underTraffic } from './under-traffic.ts';

const perSecond = 200;
/** A tenth of the requests of HTTP take their time. */
const paths = [...Array.from({ length: 9 }, () => '/'), '/?delay=2s'];
/** Longer than an Envoy takes to end. */
const endMs = 70_000;

const policies = ['Cluster', 'Local'] as const;

interface Play {
  readonly name: string;
  readonly what: string;
  /** Of the Gateway's ProxyConfiguration. */
  readonly settings?: object;
  readonly act: (stage: MetallbStage, shop: MetallbShop) => Promise<void>;
  readonly judge?: (report: PacedReport) => readonly string[];
}

const scenarioOf =
  ({ name, what, settings, act, judge = () => [] }: Play) =>
  (policy: (typeof policies)[number]): Scenario<MetallbStage> => ({
    name: `metallb-${name}-${policy.toLowerCase()}`,
    what: `${what}, with externalTrafficPolicy ${policy}`,
    run: async (stage) => {
      const service = { externalTrafficPolicy: policy };
      const shop = await openMetallbShop(stage, `${name}-${policy.toLowerCase()}`, {
        settings: { ...settings, service },
      });
      const door = await shop.open();
      const traffic = shopTraffic(door, { perSecond, paths, isRight: isEcho });
      const { report, failures } = await underTraffic(traffic, { act: () => act(stage, shop), judge });
      return {
        count: `${report.requests.toLocaleString('en')} requests`,
        failures,
        duplicates: [],
        leaks: await shop.close(),
        notes: [describeTraffic({ ...report, answers: byDeployment(report) })],
      };
    },
  });

/** Answers by Deployment and version, because there may be many pods. */
function byDeployment({ answers }: PacedReport): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [answer, count] of answers) {
    const set = answer.replace(/-\w+$/, '');
    counts.set(set, (counts.get(set) ?? 0) + count);
  }
  return counts;
}

/** Waits until none of these pods exists any more. */
async function ended(pods: () => Promise<readonly Pod[]>, old: readonly Pod[]): Promise<void> {
  const uids = new Set(old.map(({ metadata }) => metadata.uid));
  await eventually(async () => {
    const left = (await pods()).filter(({ metadata }) => uids.has(metadata.uid));
    if (left.length > 0) throw new Error(`${left.length} old pods are still there`);
    // Asking again and again would take CPU from the traffic.
    await sleep(500);
  }, endMs);
}

const rollEnvoys = scenarioOf({
  name: 'envoys-roll',
  what: 'rolling update of the Envoys',
  act: async (stage, shop) => {
    const old = await shop.envoys();
    await shop.set({ logLevel: 'info' });
    await eventually(async () => {
      const fresh = (await shop.envoys()).filter(
        ({ metadata }) => !old.some((pod) => pod.metadata.uid === metadata.uid),
      );
      if (fresh.filter(isReady).length < old.length) throw new Error('The new Envoys are not ready yet');
    }, patienceMs);
    await allAvailable(stage, shop.ns);
    await ended(shop.envoys, old);
  },
});

const scale = scenarioOf({
  name: 'envoys-scale',
  what: 'Envoys are scaled from 2 to 4, and back to 2',
  act: async (stage, shop) => {
    for (const replicas of [4, 2]) {
      const before = await shop.envoys();
      await shop.set({ replicas });
      await eventually(async () => {
        const ready = (await shop.envoys()).filter(isReady);
        if (ready.length !== replicas) throw new Error(`${ready.length} Envoys are ready, expected ${replicas}`);
      }, patienceMs);
      await allAvailable(stage, shop.ns);
      const stay = new Set((await shop.envoys()).filter(isReady).map(({ metadata }) => metadata.uid));
      await ended(
        shop.envoys,
        before.filter(({ metadata }) => !stay.has(metadata.uid)),
      );
    }
  },
});

const drain = scenarioOf({
  name: 'node-drain',
  what: 'a node with an Envoy and backends is drained',
  act: async ({ admin }, shop) => {
    const node = (await shop.envoys())[0]?.spec.nodeName ?? '';
    const cordon = (unschedulable: boolean): Promise<unknown> =>
      admin.request('PATCH', `/api/v1/nodes/${node}`, {
        contentType: 'application/merge-patch+json',
        body: { spec: { unschedulable } },
      });
    const all = async (): Promise<readonly Pod[]> =>
      (await Promise.all([shop.envoys(), shop.podsOf('web'), shop.podsOf('calls')])).flat();
    await cordon(true);
    try {
      const there = (await all()).filter(({ spec }) => spec.nodeName === node);
      if (there.length < 2) throw new Error(`${node} has only ${there.length} pods`);
      for (const { metadata } of there) {
        const eviction: KubeObject = {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: metadata.name, namespace: shop.ns },
        };
        const path = `/api/v1/namespaces/${shop.ns}/pods/${metadata.name}/eviction`;
        // Like kubectl, it tries again while the PodDisruptionBudget forbids it.
        await eventually(() => admin.request('POST', path, { body: eviction }), patienceMs);
      }
      await ended(all, there);
    } finally {
      await cordon(false);
    }
  },
});

const rollBackends = scenarioOf({
  name: 'backends-roll',
  what: 'rolling update of the backends, 5 s of preStop',
  act: async (stage, shop) => {
    const all = async (): Promise<readonly Pod[]> =>
      (await Promise.all([shop.podsOf('web'), shop.podsOf('calls')])).flat();
    const old = await all();
    for (const name of ['web', 'calls']) {
      const path = `/apis/apps/v1/namespaces/${shop.ns}/deployments/${name}`;
      const body = { spec: { template: { metadata: { annotations: { version: '2' } } } } };
      await stage.admin.request('PATCH', path, { contentType: 'application/merge-patch+json', body });
    }
    await allAvailable(stage, shop.ns);
    await ended(all, old);
  },
  judge: (report) => {
    const sets = [...byDeployment(report).keys()];
    return sets.length === 4 ? [] : [`expected answers of two versions of two Deployments, got ${sets.join(', ')}`];
  },
});

export const metallbRolling = [rollEnvoys, scale, drain, rollBackends].flatMap((play) => policies.map(play));
