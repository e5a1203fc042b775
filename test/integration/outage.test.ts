// Statuses while AWS does not answer. Others act on them, so a temporary fault must not change them.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type FaultPlanInput, readFaultPlan } from '../../localstack/aws/faults/plan.ts';
import { get, type KubeObject } from '../../localstack/cluster/apply.ts';
import type { Gateway, HttpRoute } from '../../src/api/gateway-api.ts';
import type { ObjectMeta } from '../../src/kube/object.ts';
import { rulesOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { type Neighbour, startNeighbour } from './support/neighbour.ts';
import { backendRef, gateway, http, httpRoute } from './support/objects.ts';
import { gatewayPath, programmed, routePath, said, waitForCondition } from './support/status.ts';

vi.setConfig({ testTimeout: 300_000 });

let rig: Rig;
let neighbour: Neighbour;
beforeAll(async () => {
  rig = await startRig();
  neighbour = await startNeighbour(rig, 'outage');
});
afterAll(() => rig.stop());

/** Until it is called, or the test ends. */
function faults(plan: FaultPlanInput): void {
  rig.aws.faults.set(readFaultPlan(plan));
  onTestFinished(() => rig.aws.faults.set(readFaultPlan({})));
}

const upToDate = 'gatehouse.dev/UpToDate';

type Status = Partial<NonNullable<Gateway['status']>> & Partial<NonNullable<HttpRoute['status']>>;

interface Watched {
  readonly metadata: ObjectMeta;
  readonly status?: Status;
}

/** All conditions of the object, its listeners and its parents, as `Type=Status/Reason`. */
const words = ({ conditions, listeners = [], parents = [] }: Status): readonly string[] => [
  ...said(conditions),
  ...[...listeners, ...parents].flatMap((part) => said(part.conditions)),
];

/** Watches an object until stopped. Collects all its conditions, and counts the writes of its status. */
function watch(path: string) {
  const seen = new Set<string>();
  const versions = new Set<string | undefined>();
  const generations = new Set<number | undefined>();
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      const object = await get<Watched>(rig.cluster.admin, path);
      for (const word of words(object?.status ?? {})) seen.add(word);
      versions.add(object?.metadata.resourceVersion);
      generations.add(object?.metadata.generation);
      await sleep(100);
    }
  })();
  const end = async (): Promise<void> => {
    stop.abort();
    await watching;
  };
  onTestFinished(end);
  return {
    seen,
    stop: async () => {
      await end();
      return { writes: versions.size - generations.size };
    },
  };
}

const route = (name: string): KubeObject =>
  httpRoute(
    neighbour.ns,
    name,
    ['web'],
    [{ matches: [{ path: { type: 'Exact', value: `/${name}` } }], backendRefs: [backendRef('good')] }],
  );

test.each<readonly [string, FaultPlanInput, RegExp]>([
  ['errors of its own', { rules: [{ kind: 'error', status: 500, code: 'InternalFailure' }] }, /AWS failed at /],
  ['silence', { rules: [{ kind: 'timeout', ms: 40_000 }] }, /AWS could not be reached for /],
])(
  'a minute of nothing but %s from AWS changes no condition, and is reported if it lasts',
  async (name, plan, reported) => {
    const { ns, stillServes } = neighbour;
    const later = route(`later-${name.length}`);
    await untilQuiet(rig);
    const [web, good] = [watch(gatewayPath(ns, 'web')), watch(routePath(ns, 'good'))];
    faults(plan);
    const began = performance.now();
    await rig.apply([later, gateway(ns, 'web', [http(), http({ name: 'more', port: 8080 })])]);
    const { message } = await eventually(
      () => waitForCondition(rig, gateway(ns, 'web'), upToDate, 'False', 'NotAnswered'),
      120_000,
    );
    const tookMs = performance.now() - began;
    expect(tookMs).toBeGreaterThan(55_000);
    expect(tookMs).toBeLessThan(90_000);
    expect(message).toMatch(reported);
    // A new process knows the same, and reports the same.
    await rig.restart();
    await sleep(10_000);
    stillServes();
    const writes = [await web.stop(), await good.stop()].map((each) => each.writes);
    expect([...web.seen].filter((word) => /^(Accepted|Programmed)/.test(word)).toSorted()).toEqual([
      'Accepted=True/Accepted',
      // The listener that is to come.
      'Programmed=False/Pending',
      'Programmed=True/Programmed',
    ]);
    expect([...good.seen].toSorted()).toEqual(['Accepted=True/Accepted', 'ResolvedRefs=True/ResolvedRefs']);
    // The new listener, unanswered calls, and what a new process can't read.
    expect(writes[0]).toBeLessThanOrEqual(4);
    expect(writes[1]).toBe(0);
    faults({});
    await waitForCondition(rig, gateway(ns, 'web'), upToDate, 'True', 'UpToDate');
    await eventually(() => expect(rulesOf(rig, `${ns}/web`).join()).toContain(`/later-${name.length}`));
    await rig.remove([later]);
    await rig.apply([gateway(ns, 'web')]);
    await waitForCondition(rig, gateway(ns, 'web'), upToDate, 'True');
  },
);

test('a Gateway that is made while AWS fails is accepted, and pending until AWS does it', async () => {
  const ns = await rig.freshNamespace('late');
  await untilQuiet(rig);
  faults({ rules: [{ kind: 'error', status: 503 }] });
  const late = watch(gatewayPath(ns, 'late'));
  await rig.apply([gateway(ns, 'late')]);
  await waitForCondition(rig, gateway(ns, 'late'), upToDate, 'False', 'NotAnswered').catch(() => undefined);
  await sleep(20_000);
  faults({});
  await programmed(rig, gateway(ns, 'late'));
  await sleep(1000);
  const { writes } = await late.stop();
  expect([...late.seen].filter((word) => /^(Accepted|Programmed)/.test(word)).toSorted()).toEqual([
    'Accepted=True/Accepted',
    'Accepted=Unknown/Pending',
    'Programmed=False/Pending',
    'Programmed=True/Programmed',
    'Programmed=Unknown/Pending',
  ]);
  expect(writes).toBeLessThanOrEqual(8);
});
