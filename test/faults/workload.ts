// Several Gateways with HTTPS and routes, and their state in AWS without faults. Scenarios with faults must reach the same
// state.
import { setTimeout as sleep } from 'node:timers/promises';
import { get, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import type { Gateway, HttpRoute } from '../../src/api/gateway-api.ts';
import type { Condition } from '../../src/kube/object.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { everythingOfOurs } from '../integration/support/left.ts';
import { backendRef, gateway, httpRoute, https } from '../integration/support/objects.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { compare, isSame, pictureOf } from './picture.ts';
import type { Findings } from './scenario.ts';

/** The limit for one change of all Gateways while calls fail, in milliseconds. */
const patienceMs = 240_000;

export interface Workload {
  readonly rig: Rig;
  readonly ns: string;
  readonly gateways: readonly KubeObject[];
  /** Creates everything. */
  readonly create: () => Promise<unknown>;
  /** Changes a route of each Gateway, and adds one. */
  readonly change: () => Promise<unknown>;
  /** Removes the Gateways and their routes. */
  readonly remove: () => Promise<unknown>;
}

export async function startWorkload(rig: Rig, count: number): Promise<Workload> {
  const ns = await rig.freshNamespace('faults');
  for (const each of ['api', 'web']) await rig.backend(ns, each);
  const names = Array.from({ length: count }, (_, index) => `gw-${index}`);
  const gateways = names.map((name) => gateway(ns, name, [https(['tls'])]));
  const route = (name: string, parent: string, service: string, host: string) =>
    httpRoute(ns, `${parent}-${name}`, [parent], [{ backendRefs: [backendRef(service)] }], { hostnames: [host] });
  const first = names.flatMap((name) => [route('api', name, 'api', 'api.example.com')]);
  const second = names.flatMap((name) => [
    route('api', name, 'api', 'changed.example.com'),
    route('web', name, 'web', 'web.example.com'),
  ]);
  await rig.apply([await tlsSecret(ns, 'tls', ['*.example.com'])]);
  return {
    rig,
    ns,
    gateways,
    create: () => rig.apply([...gateways, ...first]),
    change: () => rig.apply(second),
    remove: () => rig.remove([...gateways, ...second]),
  };
}

/** The state of AWS after each step, without faults. */
export interface Calm {
  readonly created: readonly string[];
  readonly changed: readonly string[];
}

/** Runs all steps once without a fault. */
export async function calmly(workload: Workload): Promise<Calm> {
  await workload.create();
  const created = await settledPicture(workload, workload.gateways.length);
  await workload.change();
  const changed = await settledPicture(workload, 2 * workload.gateways.length);
  await workload.remove();
  await allGone(workload);
  return { created, changed };
}

/** Longer than the pause between a waiting Gateway's polls. In milliseconds. */
const quietMs = 4000;

async function settledPicture(workload: Workload, routes: number): Promise<readonly string[]> {
  await until(() => isSettled(workload, routes));
  let picture: readonly string[];
  do {
    picture = pictured(workload);
    await sleep(quietMs);
  } while (!isSame(compare(pictured(workload), picture)));
  return picture;
}

const pictured = ({ rig, gateways }: Workload): readonly string[] =>
  pictureOf(
    rig,
    gateways.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  );

export async function until(check: () => boolean | Promise<boolean>, timeoutMs = patienceMs): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (await Promise.resolve(check()).catch(() => false)) return true;
    await sleep(100);
  }
  return false;
}

const isTrue = (conditions: readonly Condition[] | undefined, type: string, generation: number | undefined): boolean =>
  conditions?.some((each) => each.type === type && each.status === 'True' && each.observedGeneration === generation) ??
  false;

interface List<T> {
  readonly items: readonly T[];
}

const api = '/apis/gateway.networking.k8s.io/v1/namespaces';

/** Whether all statuses say that everything works. */
async function isSettled({ rig, ns, gateways }: Workload, routes: number): Promise<boolean> {
  const { admin } = rig.cluster;
  const own = await get<List<Gateway>>(admin, `${api}/${ns}/gateways`);
  const attached = await get<List<HttpRoute>>(admin, `${api}/${ns}/httproutes`);
  const programmed = own?.items.filter(({ metadata, status }) =>
    isTrue(status?.conditions, 'Programmed', metadata.generation),
  );
  const accepted = attached?.items.filter(({ metadata, status }) =>
    status?.parents?.some(({ conditions }) => isTrue(conditions, 'Accepted', metadata.generation)),
  );
  return programmed?.length === gateways.length && accepted?.length === routes;
}

const allGone = ({ rig, ns }: Workload): Promise<unknown> =>
  waitFor<List<Gateway>>(rig.cluster.admin, `${api}/${ns}/gateways`, (list) => list?.items.length === 0, {
    timeoutMs: patienceMs,
  });

type Step = 'create' | 'change' | 'remove';

/** Hooks around each step. */
export interface Disturbance {
  readonly before?: () => void;
  /** Called right after the step's request. */
  readonly after?: (step: Step) => Promise<void>;
  /** Called when the step is carried out, or timed out. */
  readonly afterwards?: () => void;
}

/** Runs all steps with faults, and compares the result with the calm run. */
export async function disturbed(
  workload: Workload,
  calm: Calm,
  { before, after, afterwards }: Disturbance = {},
): Promise<Findings> {
  const failures: string[] = [];
  const duplicates: string[] = [];
  const leaks: string[] = [];
  const times: string[] = [];
  const { gateways } = workload;
  const step = async (
    name: Step,
    act: () => Promise<unknown>,
    isDone: () => boolean | Promise<boolean>,
    expected: readonly string[],
  ): Promise<void> => {
    const started = performance.now();
    before?.();
    await act();
    await after?.(name);
    const done = await until(async () => (await isDone()) && isSame(compare(pictured(workload), expected)));
    afterwards?.();
    times.push(`${name} ${((performance.now() - started) / 1000).toFixed(0)} s`);
    if (done) return;
    const difference = compare(pictured(workload), expected);
    failures.push(...difference.missing.map((line) => `${name}: lacks ${line}`));
    duplicates.push(...difference.duplicates.map((line) => `${name}: ${line}`));
    leaks.push(...difference.strange.map((line) => `${name}: ${line}`));
    if (isSame(difference)) failures.push(`${name}: the statuses never came right`);
  };
  await step('create', workload.create, () => isSettled(workload, gateways.length), calm.created);
  await step('change', workload.change, () => isSettled(workload, 2 * gateways.length), calm.changed);
  await step('remove', workload.remove, () => isSettledGone(workload), []);
  leaks.push(...everythingOfOurs(workload.rig.aws).map((line) => `in the end: ${line}`));
  return { count: `${gateways.length} Gateways`, failures, duplicates, leaks, notes: [times.join(', ')] };
}

async function isSettledGone({ rig, ns }: Workload): Promise<boolean> {
  const list = await get<List<Gateway>>(rig.cluster.admin, `${api}/${ns}/gateways`);
  return list?.items.length === 0;
}
