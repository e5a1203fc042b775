// The scenarios. The embedded AWS counts their calls, polls included.
import { setTimeout as sleep } from 'node:timers/promises';
import { applyYaml, deleteObjects, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import type { Environment } from '../../localstack/environment.ts';
import type { Gatehouse } from '../../localstack/gatehouse.ts';
import { connections, mixed, type NetworkWorkload } from './connections.ts';
import { type Calls, callsRow, factRow, type Row, restartRow } from './table.ts';
import { describeUsage, usageOf } from './usage.ts';
import { base, gateway, gatewaysPath, isTrue, type List, listPath, route, slice, workload } from './workload.ts';

/** So long that no audit runs during a scenario. */
const flags = { 'audit-period': '2h' } as const;

/** After this time without a call the work is done. It is longer than the pause between two polls. */
const quietMs = 8000;
const idleMs = 60_000;
const timeoutMs = 300_000;

interface Measured extends Calls {
  /** Seconds until the cluster had the expected state. */
  readonly seconds: number;
  /** Seconds until the last call to AWS. */
  readonly lastCall: number;
}

/** Counts the calls from the start of `work` until there were no calls for a while. */
async function counted({ aws }: Environment, work: () => Promise<unknown>): Promise<Measured> {
  aws.calls.zero();
  const started = Date.now();
  await work();
  const seconds = (Date.now() - started) / 1000;
  for (let before = -1; before !== aws.calls.counts().total; await sleep(quietMs)) before = aws.calls.counts().total;
  const { reads, writes, lastAt } = aws.calls.counts();
  const lastCall = lastAt === undefined ? 0 : Math.max(0, (new Date(lastAt).getTime() - started) / 1000);
  if (process.env['BENCH_DETAIL'] !== undefined) console.log(aws.calls.counts().byAction);
  return { reads, writes, seconds, lastCall };
}

const accepted = (list: List | undefined): number =>
  list?.items.filter(({ status }) => status?.parents?.[0]?.conditions?.some(isTrue('Accepted'))).length ?? 0;

/** @param routes how many are accepted, by the path of their list */
async function allProgrammed(
  { cluster }: Environment,
  gateways: number,
  routes: ReadonlyMap<string, number>,
): Promise<void> {
  const options = { timeoutMs };
  const programmed = (list: List | undefined) =>
    (list?.items.filter(({ status }) => status?.conditions?.some(isTrue('Programmed'))).length ?? 0) === gateways;
  await waitFor<List>(cluster.admin, gatewaysPath, programmed, options);
  for (const [path, count] of routes) {
    await waitFor<List>(cluster.admin, path, (list) => accepted(list) === count, options);
  }
}

const httpRoutes = (count: number): ReadonlyMap<string, number> => new Map([[listPath('httproutes'), count]]);

const gone = ({ cluster }: Environment): Promise<unknown> =>
  waitFor<List>(cluster.admin, gatewaysPath, (list) => list?.items.length === 0, { timeoutMs });

const times = ({ seconds, lastCall }: Measured): string =>
  `${seconds.toFixed(1)} s to all Programmed, ${lastCall.toFixed(1)} s to the last call`;

/** The same as in the image. */
export const env = { NODE_OPTIONS: '--max-semi-space-size=2' } as const;

const start = (environment: Environment, program: string): Promise<Gatehouse> =>
  environment.startGatehouse({ flags, program, env });

async function restart(environment: Environment, program: string, running: Gatehouse): Promise<[Gatehouse, Measured]> {
  await running.stop();
  let next = running;
  const measured = await counted(environment, async () => {
    next = await start(environment, program);
  });
  return [next, measured];
}

export async function measureOne(environment: Environment, program: string): Promise<readonly Row[]> {
  const { admin } = environment.cluster;
  await applyYaml(admin, base('instance'));
  let gatehouse = await start(environment, program);
  const made = await counted(environment, async () => {
    await applyYaml(admin, workload(1, 90));
    await allProgrammed(environment, 1, httpRoutes(90));
  });
  const changed = await counted(environment, () => applyYaml(admin, [route(0, 45, 'changed.example.com')]));
  const idle = await counted(environment, () => sleep(idleMs));
  const usage = usageOf(gatehouse.pid);
  let again: Measured;
  [gatehouse, again] = await restart(environment, program, gatehouse);
  return [
    callsRow('1 Gateway, 90 routes, from nothing', made, 295, '975'),
    factRow('  time', times(made)),
    callsRow("then one route's hostname changes", changed, 4, '262'),
    callsRow('then 60 s of nothing (audit aside)', idle, 0, ''),
    factRow('  process', describeUsage(usage)),
    restartRow('restart on it', again, 25, '117'),
    ...(await deletionRows(environment, gateway(0), 'delete the 90-route Gateway', 110, '279')),
  ];
}

/** Nothing may be left in AWS. */
async function deletionRows(
  environment: Environment,
  object: KubeObject,
  scenario: string,
  limit: number,
  peer: string,
): Promise<readonly Row[]> {
  const deleted = await counted(environment, async () => {
    await deleteObjects(environment.cluster.admin, [object]);
    await gone(environment);
  });
  const { elbv2, ec2 } = environment.aws.world();
  const left =
    elbv2.loadBalancers.size +
    elbv2.targetGroups.size +
    [...ec2.securityGroups.values()].filter(({ tags }) => tags.has('gatehouse.dev/cluster')).length;
  const row = callsRow(scenario, deleted, limit, peer);
  return [
    { ...row, withinLimit: row.withinLimit && left === 0 },
    factRow('  left in AWS', `${left} resources after ${deleted.seconds.toFixed(1)} s`),
  ];
}

/** The memory limit with 20 Gateways, in MiB. */
const maxResidentMiB = 150;

export async function measureMany(environment: Environment, program: string): Promise<readonly Row[]> {
  const { admin } = environment.cluster;
  await applyYaml(admin, base('instance'));
  let gatehouse = await start(environment, program);
  const made = await counted(environment, async () => {
    await applyYaml(admin, workload(20, 5));
    await allProgrammed(environment, 20, httpRoutes(100));
  });
  const usage = usageOf(gatehouse.pid);
  let again: Measured;
  [gatehouse, again] = await restart(environment, program, gatehouse);
  return [
    callsRow('20 Gateways × 5 routes, from nothing', made, 470, '1,922'),
    factRow('  time', times(made)),
    {
      scenario: '  process',
      measured: describeUsage(usage),
      limit: `${maxResidentMiB} MiB`,
      peer: '',
      withinLimit: usage.residentMiB <= maxResidentMiB,
    },
    restartRow('restart on them', again, 70, '375'),
    factRow('  process after the restart', describeUsage(usageOf(gatehouse.pid))),
  ];
}

export async function measurePod(environment: Environment, program: string): Promise<readonly Row[]> {
  const { admin } = environment.cluster;
  await applyYaml(admin, base('ip'));
  await start(environment, program);
  await counted(environment, async () => {
    await applyYaml(admin, workload(1, 5));
    await allProgrammed(environment, 1, httpRoutes(5));
  });
  const more = await counted(environment, () => applyYaml(admin, [slice(0, 0, 3)]));
  return [callsRow('a pod more in one Service, on a known node (ip)', more, 1, '')];
}

interface NetworkScenario {
  readonly load: NetworkWorkload;
  readonly gateway: string;
  /** The limits of calls. */
  readonly made: number;
  readonly restarted: number;
  readonly deleted: number;
  /** The least possible calls, and for what. */
  readonly least: { readonly made: string; readonly deleted: string };
}

async function measureNetwork(
  environment: Environment,
  program: string,
  { load, gateway: name, ...limits }: NetworkScenario,
): Promise<readonly Row[]> {
  const { admin } = environment.cluster;
  await applyYaml(admin, base('ip'));
  let gatehouse = await start(environment, program);
  const objects = await load.objects();
  const made = await counted(environment, async () => {
    await applyYaml(admin, objects);
    await allProgrammed(environment, 1, load.expectedRoutes);
  });
  const more = await counted(environment, () => applyYaml(admin, [load.firstSlice(3)]));
  const changed = await counted(environment, () => applyYaml(admin, [load.weighted(50, 50)]));
  let again: Measured;
  [gatehouse, again] = await restart(environment, program, gatehouse);
  return [
    callsRow(`${name}, from nothing`, made, limits.made, ''),
    factRow('  at least', limits.least.made),
    factRow('  time', times(made)),
    callsRow('then a pod more in one Service', more, 1, ''),
    callsRow('then one changed weight', changed, 2, ''),
    restartRow('restart on it', again, limits.restarted, ''),
    factRow('  process after the restart', describeUsage(usageOf(gatehouse.pid))),
    ...(await deletionRows(environment, load.gateway, 'delete it', limits.deleted, '')),
    factRow('  at least', limits.least.deleted),
  ];
}

/** TCP, UDP and TLS on an NLB. */
export const measureConnections = (environment: Environment, program: string): Promise<readonly Row[]> =>
  measureNetwork(environment, program, {
    load: connections,
    gateway: '1 Gateway with 20 TCP, 5 UDP and 5 TLS listeners',
    made: 160,
    restarted: 25,
    deleted: 50,
    least: {
      made: '127: 4 a listener (target group, its attributes, targets, listener), 7 for the NLB, its groups and certificate',
      deleted: '35: the NLB with its listeners, 30 target groups, the certificate, 2 security groups and a rule',
    },
  });

/** An NLB in front of an ALB. */
export const measureMixed = (environment: Environment, program: string): Promise<readonly Row[]> =>
  measureNetwork(environment, program, {
    load: mixed,
    gateway: '1 Gateway with HTTP, HTTPS, 5 TCP and 2 UDP listeners, 10 HTTPRoutes',
    made: 125,
    restarted: 25,
    deleted: 42,
    least: {
      made: '89: 4 a TCP or UDP listener, 5 a port of the ALB (the same, and its listener), 4 an HTTPRoute, 11 for the rest',
      deleted: '26: both load balancers, 19 target groups, the certificate, 3 security groups and a rule',
    },
  });
