// A Kubernetes that dies, forgets, refuses and throttles, and a leader that was frozen: everything is created, changed and
// removed as usual, once, and a replica without the lease calls AWS no more.
import { setTimeout as sleep } from 'node:timers/promises';
import { get } from '../../localstack/cluster/apply.ts';
import { ApiError } from '../../localstack/cluster/connection.ts';
import type { HttpRoute } from '../../src/api/gateway-api.ts';
import { type ApiFault, type ApiFaults, startApiFaults } from '../integration/support/api-faults.ts';
import { type AwsFaults, startAwsFaults } from '../integration/support/aws-faults.ts';
import { type Rig, startRig } from '../integration/support/gatehouse.ts';
import { family, type Options, type Scenario } from './scenario.ts';
import { type Calm, calmly, disturbed, startWorkload, until, type Workload } from './workload.ts';

interface Stage {
  readonly rig: Rig;
  readonly api: ApiFaults;
  readonly workload: Workload;
  readonly calm: Calm;
  stop(): Promise<void>;
}

const gateways = 3;

async function open({ program, say }: Options): Promise<Stage> {
  const rig = await startRig({ gatehouse: { program } });
  const api = await startApiFaults(rig.cluster);
  await rig.restart({ env: { KUBECONFIG: api.kubeconfig } });
  const workload = await startWorkload(rig, gateways);
  say(`${gateways} Gateways without a fault, for comparison …`);
  const calm = await calmly(workload);
  const stop = async (): Promise<void> => {
    await rig.stop();
    await api.close();
  };
  return { rig, api, workload, calm, stop };
}

/** Repeats the action. @returns a function that stops it, and resolves with the number of repetitions */
function repeatedly(everyMs: number, act: () => Promise<unknown>): () => Promise<number> {
  const stop = new AbortController();
  let times = 0;
  const repeating = (async () => {
    while (!stop.signal.aborted) {
      await act();
      times += 1;
      await sleep(everyMs);
    }
  })();
  return async () => {
    stop.abort();
    await repeating;
    return times;
  };
}

const apiServerRestarts: Scenario<Stage> = {
  name: 'api-server-restarts',
  what: 'in every step the API server is killed, is gone for 3 s, and starts again',
  run: async ({ rig, workload, calm }) => {
    const findings = await disturbed(workload, calm, {
      after: async () => {
        await sleep(300);
        await rig.cluster.killApiServer();
        await sleep(3000);
        await rig.cluster.restartApiServer();
      },
    });
    return { ...findings, count: `${findings.count}, 3 restarts` };
  },
};

const watchesCut: Scenario<Stage> = {
  name: 'watches-cut',
  what: 'all watches are cut twice a second',
  run: async ({ api, workload, calm }) => {
    let cut = 0;
    const end = repeatedly(500, async () => {
      cut += api.cutWatches();
    });
    try {
      const findings = await disturbed(workload, calm);
      const failures = [...findings.failures, ...(cut === 0 ? ['no watch was cut'] : [])];
      return { ...findings, failures, count: `${findings.count}, ${cut} watches cut` };
    } finally {
      await end();
    }
  },
};

/** A scenario with faults in the API server's answers. */
const refusing = (
  name: string,
  what: string,
  faults: readonly ApiFault[],
  beside?: (stage: Stage) => () => Promise<unknown>,
): Scenario<Stage> => ({
  name,
  what,
  run: async (stage) => {
    const { api, workload, calm } = stage;
    let met = 0;
    const endBeside = beside?.(stage);
    let ends: readonly (() => number)[] = [];
    try {
      const findings = await disturbed(workload, calm, {
        before: () => {
          ends = faults.map((fault) => api.inject({ ...fault }));
          // Open watches would not get these answers.
          api.cutWatches();
        },
        afterwards: () => {
          for (const end of ends) met += end();
        },
      });
      const statuses = faults.map(({ status }) => status).join(' or ');
      const failures = [...findings.failures, ...(met === 0 ? [`nothing was answered ${statuses}`] : [])];
      return { ...findings, failures, count: `${findings.count}, ${met} answers ${statuses}` };
    } finally {
      await endBeside?.();
    }
  },
});

/** Another controller. It writes into a route's status as often as it can, and never overwrites changes that it has not seen. */
const foreignWriter = ({ rig, workload }: Stage): (() => Promise<unknown>) => {
  let count = 0;
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${workload.ns}/httproutes/gw-0-api`;
  return repeatedly(20, async () => {
    const route = await get<HttpRoute>(rig.cluster.admin, path);
    if (route === undefined) return;
    count += 1;
    const parents = (route.status?.parents ?? []).filter(
      ({ controllerName }) => controllerName !== 'example.com/other',
    );
    const own = {
      parentRef: { name: 'gw-0' },
      controllerName: 'example.com/other',
      conditions: [
        {
          type: 'Counted',
          status: 'True',
          reason: 'Counted',
          message: `${count}`,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    };
    try {
      await rig.cluster.admin.request('PUT', `${path}/status`, {
        body: { ...route, status: { ...route.status, parents: [...parents, own] } },
      });
    } catch (error) {
      if (!(error instanceof ApiError) || ![404, 409].includes(error.status)) throw error;
    }
  });
};

/** In each step. */
const refusals = 60;

const tries = new Map<string, number>();

/** The first of every two writes to a path. The second is its retry. */
function isFirstTry(path: string): boolean {
  const count = tries.get(path) ?? 0;
  tries.set(path, count + 1);
  return count % 2 === 0;
}

const answered: readonly Scenario<Stage>[] = [
  refusing('watches-gone', `up to ${refusals} watches in each step are answered 410, so that all is listed again`, [
    { matches: ({ watches }) => watches, status: 410, reason: 'Expired', times: refusals },
  ]),
  refusing(
    'status-conflicts',
    'every write of a status is answered 409 before it is carried out, and another controller writes into one all the time',
    [
      {
        matches: ({ method, path }) => method !== 'GET' && /\/status(\?|$)/.test(path) && isFirstTry(path),
        status: 409,
        reason: 'Conflict',
      },
    ],
    foreignWriter,
  ),
  refusing('too-many-requests', `${refusals} requests in each step are answered 429, Retry-After: 1`, [
    { matches: () => true, status: 429, reason: 'TooManyRequests', retryAfter: 1, times: refusals },
  ]),
];

interface Lease {
  readonly spec: { readonly holderIdentity?: string };
}

const leasePath = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/gatehouse';

const frozenLeader: Scenario<Stage> = {
  name: 'frozen-leader',
  what: 'of two Gatehouses the leader is frozen in the middle of its work until another leads, and wakes up again',
  run: async ({ rig, workload, calm }, { program }) => {
    const proxies: AwsFaults[] = [];
    const candidate = async () => {
      const proxy = await startAwsFaults(rig.aws.url);
      proxies.push(proxy);
      const env = { AWS_ENDPOINT_URL: proxy.url };
      return {
        proxy,
        gatehouse: await rig.startGatehouse({ program, env, flags: { 'enable-leader-election': 'true' } }),
      };
    };
    const holder = async () => (await get<Lease>(rig.cluster.admin, leasePath))?.spec.holderIdentity;
    await rig.gatehouse.stop();
    const one = await candidate();
    await until(async () => Boolean(await holder()));
    const first = await holder();
    const two = await candidate();
    let before = 0;
    let frozenMs = 0;
    const findings = await disturbed(workload, calm, {
      after: async (step) => {
        if (step !== 'create') return;
        // Wait until it is in the middle of its work.
        await until(() => one.proxy.calls.some((action) => /:Create/.test(action)));
        const from = performance.now();
        process.kill(one.gatehouse.pid, 'SIGSTOP');
        await until(async () => (await holder()) !== first && Boolean(await holder()));
        // Its running calls are counted before it wakes up.
        await sleep(1000);
        before = one.proxy.calls.length;
        process.kill(one.gatehouse.pid, 'SIGCONT');
        frozenMs = performance.now() - from;
      },
    });
    const late = one.proxy.calls.slice(before);
    await Promise.all([one, two].map(({ gatehouse }) => gatehouse.stop()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await rig.restart();
    return {
      ...findings,
      count: `${findings.count}, frozen for ${(frozenMs / 1000).toFixed(0)} s; then ${late.length} calls of the loser, ${two.proxy.calls.length} of the other`,
      failures: [...findings.failures, ...late.map((action) => `the loser called ${action}`)],
    };
  },
};

export const kubeTrouble = family(open, [apiServerRestarts, watchesCut, ...answered, frozenLeader]);
