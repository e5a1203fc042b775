// An upgrade changes nothing. upgrade/record.ts has recorded the state of an older version in AWS and in the cluster. The
// current version starts on it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteObjects, type KubeObject } from '../../localstack/cluster/apply.ts';
import type { Environment } from '../../localstack/environment.ts';
import type { Gatehouse } from '../../localstack/gatehouse.ts';
import { eventually } from './support/eventually.ts';
import { everythingOfOurs } from './support/left.ts';
import { startSweeper } from './support/sweeper.ts';
import { readObjects, startRecorded } from './upgrade/recording.ts';

/** The allowed differences from the recorded statuses, with reasons. Each must occur. */
const exceptions: readonly { readonly difference: RegExp; readonly why: string }[] = [
  {
    difference: /^GatewayClass \S+ status\.supportedFeatures\./,
    why: 'a version before served only HTTPRoutes',
  },
  {
    difference: /^(Gateway|ListenerSet) \S+ status\.listeners\.\d+\.supportedKinds\.1\./,
    why: 'HTTPS listeners took no GRPCRoutes before',
  },
];

let environment: Environment;
let gatehouse: Gatehouse;
let recorded: readonly KubeObject[];
beforeAll(async () => {
  ({ environment, objects: recorded } = await startRecorded());
  const flags = { 'leader-election-namespace': 'gatehouse-system', 'audit-period': '3s' };
  gatehouse = await environment.startGatehouse({ flags });
});
afterAll(() => environment.stop());

const gateways = (): readonly KubeObject[] => recorded.filter(({ kind }) => kind === 'Gateway');

/** The number of calls, by action. */
function writes(): Readonly<Record<string, number>> {
  const { byAction } = environment.aws.calls.counts();
  return Object.fromEntries(Object.entries(byAction).filter(([action]) => !/:(Describe|Get|List)/.test(action)));
}

/** The number of started audits: only they read the attributes of a load balancer. */
const audits = (): number =>
  environment.aws.calls.counts().byAction['elasticloadbalancing:DescribeLoadBalancerAttributes'] ?? 0;

/** The number of passes, by pass and result. */
async function passes(): Promise<ReadonlyMap<string, number>> {
  const metrics = await (await fetch(gatehouse.metricsUrl)).text();
  const lines = metrics.matchAll(/^gatehouse_pass_duration_seconds_count\{pass="(.+)",result="(.+)"\} (\d+)$/gm);
  return new Map([...lines].map(([, pass, result, count]) => [`${pass} ${result}`, Number(count)]));
}

/** A status without its messages: `Gateway ns/name conditions.0.status` → `True`. */
function statuses(objects: readonly KubeObject[]): ReadonlyMap<string, string> {
  const leaves = (path: string, value: unknown): (readonly [string, string])[] => {
    if (path.endsWith('.message')) return [];
    if (typeof value !== 'object' || value === null) return [[path, String(value)]];
    return Object.entries(value).flatMap(([key, each]) => leaves(`${path}.${key}`, each));
  };
  return new Map(
    objects.flatMap(({ kind, metadata: { namespace = '', name }, status }) =>
      leaves(`${kind} ${namespace}/${name} status`, status),
    ),
  );
}

async function differences(): Promise<readonly string[]> {
  const before = statuses(recorded);
  const after = statuses(await readObjects(environment.cluster.admin));
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  return paths
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => `${path}: ${before.get(path) ?? 'not there'} → ${after.get(path) ?? 'not there'}`);
}

test('the state of an older version gets no write in AWS, and no changed status', async () => {
  await eventually(() => {
    expect(writes()).toEqual({});
    // What the first turn of audits has found is done when the second turn ends.
    expect(audits()).toBeGreaterThan(2 * gateways().length);
  });
  const found = await differences();
  expect(found.filter((each) => !exceptions.some(({ difference }) => difference.test(each)))).toEqual([]);
  expect(exceptions.filter(({ difference }) => !found.some((each) => difference.test(each)))).toEqual([]);
  // It has looked, and nothing prevented it from acting.
  const done = await passes();
  expect(done.get('gateways ok')).toBeGreaterThanOrEqual(gateways().length);
  expect([...done.keys()].filter((pass) => !pass.endsWith(' ok'))).toEqual([]);
});

test('the sweep takes nothing that an older version left for an orphan', async () => {
  environment.aws.calls.zero();
  const sweeper = await startSweeper(environment);
  await sweeper.look();
  sweeper.later();
  await sweeper.look();
  await sweeper.stop();
  expect(writes()).toEqual({});
});

test('what an older version left goes with its Gateway, and nothing else does', async () => {
  const { aws, cluster } = environment;
  /** By Gateway. Shared resources, such as certificates, are under `-`. */
  const owned = () => everythingOfOurs(aws).filter((each) => !each.startsWith('- '));
  const others = owned().filter((each) => !each.startsWith('shop/gw '));
  expect(others.length).toBeLessThan(owned().length);
  await deleteObjects(
    cluster.admin,
    gateways().filter(({ metadata }) => metadata.namespace === 'shop'),
  );
  await eventually(() => expect(owned()).toEqual(others));
  await deleteObjects(cluster.admin, gateways());
  await eventually(() => expect(everythingOfOurs(aws)).toEqual([]));
});
