// One tenant's Service has 200 addresses that AWS refuses, and they change all the time. Others' pods are registered and
// deregistered as fast as usual, at AWS's documented rates, and there are few calls for refused addresses.
import { setTimeout as sleep } from 'node:timers/promises';
import { endpointSlice } from '../../localstack/environment.ts';
import { targetsOf } from '../integration/support/aws.ts';
import { type Rig, startRig } from '../integration/support/gatehouse.ts';
import { everythingOfOurs } from '../integration/support/left.ts';
import { gateway, http, httpRoute, service } from '../integration/support/objects.ts';
import { programmed, readRoute } from '../integration/support/status.ts';
import { gone } from './awaiting.ts';
import { describeLatencies, measureChanges, slower, type Tenant } from './neighbour.ts';
import { family, type Scenario } from './scenario.ts';
import { until } from './workload.ts';

const refused = 200;
const neighbours = 3;
/** AWS refuses public addresses as targets. */
const publicAddress = (index: number): string => `203.0.113.${index % 250}`;
const good = ['10.0.48.21', '10.0.64.21'] as const;
const port = 8080;

const tellMs = 30_000;
const settleSeconds = 30;
const seconds = 90;
/** The pause between two changes of the refused addresses, in milliseconds. */
const churnMs = 2000;
/** The limit for 95 of 100 new or removed pods, in milliseconds. */
const limitMs = 1000;
/** Calls per minute, besides those for the neighbours' pods: changed addresses are tried, and all addresses now and then. */
const callsAMinute = 60;

const registrations = ({ aws }: Rig): number => {
  const { byAction } = aws.calls.counts();
  return ['RegisterTargets', 'DeregisterTargets'].reduce(
    (sum, action) => sum + (byAction[`elasticloadbalancing:${action}`] ?? 0),
    0,
  );
};

/** A tenant with one Service, where one pod comes and goes. */
async function neighbour(rig: Rig, index: number, of: { readonly namespace: string; readonly name: string }) {
  const ns = await rig.freshNamespace('neighbour');
  const stays = `10.0.48.${100 + index}`;
  const comes = `10.0.64.${100 + index}`;
  const name = `web-${index}`;
  const slice = (n: number) =>
    endpointSlice(ns, name, n % 2 === 0 ? [stays] : [stays, comes], port, { portName: 'http' });
  await rig.apply([
    service(ns, name),
    slice(0),
    httpRoute(ns, name, [of], [name], { hostnames: [`${name}.example.com`] }),
  ]);
  const tenant: Tenant = {
    change: (n) => rig.apply([slice(n)]),
    isThere: (n) =>
      targetsOf(rig, `${of.namespace}/${of.name}`, `${name}:80`).includes(`${comes}:${port}`) === (n % 2 === 1),
  };
  return { ns, name, tenant, isServed: () => targetsOf(rig, `${of.namespace}/${of.name}`, `${name}:80`).length === 1 };
}

/** @returns how often the addresses changed */
async function churn(rig: Rig, ns: string, signal: AbortSignal): Promise<number> {
  let changes = 0;
  for (; !signal.aborted; changes += 1) {
    await rig.apply([overlay(ns, changes)]);
    await sleep(churnMs);
  }
  return changes;
}

const overlay = (ns: string, turn: number) =>
  endpointSlice(
    ns,
    'overlay',
    [...good, ...Array.from({ length: refused }, (_, index) => publicAddress(index + turn))],
    port,
    { portName: 'http' },
  );

const refusedTargets: Scenario<Rig> = {
  name: 'tenants-refused-targets',
  what: `a Service with ${refused} addresses that AWS refuses, one of which changes every ${churnMs / 1000} s, at AWS's rates`,
  run: async (rig, { say }) => {
    const ns = await rig.freshNamespace('shared');
    const gw = gateway(ns, 'gw', [http({ allowedRoutes: { namespaces: { from: 'All' } } })]);
    const parent = { namespace: ns, name: 'gw' };
    await rig.apply([gw]);
    await programmed(rig, gw);
    const others = await Promise.all(Array.from({ length: neighbours }, (_, index) => neighbour(rig, index, parent)));
    const failures: string[] = [];
    if (!(await until(() => others.every(({ isServed }) => isServed()))))
      failures.push('the neighbours are not served');
    const bad = await rig.freshNamespace('overlay');
    await rig.apply([
      service(bad, 'overlay'),
      overlay(bad, 0),
      httpRoute(bad, 'overlay', [parent], ['overlay'], { hostnames: ['overlay.example.com'] }),
    ]);
    const goodAreThere = () => {
      const targets = targetsOf(rig, `${ns}/gw`, 'overlay:80');
      return good.every((address) => targets.includes(`${address}:${port}`));
    };
    const isTold = async () =>
      (await readRoute(rig, bad, 'overlay'))?.status?.parents?.some(({ conditions }) =>
        conditions?.some(({ type, status }) => type === 'gatehouse.dev/TargetsReachable' && status === 'False'),
      ) === true;
    const began = performance.now();
    if (!(await until(goodAreThere, tellMs))) failures.push('the targets that AWS takes were not registered');
    if (!(await until(isTold, tellMs))) failures.push('the Route does not say that AWS refuses its targets');
    const reportedSeconds = (performance.now() - began) / 1000;
    await sleep(settleSeconds * 1000);
    say(`refused and reported after ${reportedSeconds.toFixed(1)} s; ${seconds} s of changes …`);
    const before = registrations(rig);
    const end = AbortSignal.timeout(seconds * 1000);
    const [changes, ...latencies] = await Promise.all([
      churn(rig, bad, end),
      ...others.map(({ tenant }) => measureChanges(tenant, 3000, () => !end.aborted)),
    ]);
    const needed = latencies.reduce((sum, { count }) => sum + count, 0);
    const beside = ((registrations(rig) - before - needed) / seconds) * 60;
    if (beside > callsAMinute) failures.push(`${beside.toFixed(0)} calls a minute for what AWS refuses`);
    await rig.remove([gw]);
    await gone(rig, gw);
    return {
      count: `${needed} changes of ${neighbours} other Services, ${changes} of the refused addresses`,
      failures: [...failures, ...latencies.flatMap((each, index) => slower(`Service ${index}`, each, limitMs))],
      duplicates: [],
      leaks: everythingOfOurs(rig.aws),
      notes: [
        ...latencies.map((each, index) => describeLatencies(`Service ${index}`, each)),
        `${beside.toFixed(0)} calls a minute for what AWS refuses`,
        `reported in the Route's status after ${reportedSeconds.toFixed(1)} s`,
      ],
    };
  },
};

export const tenantsRefusedTargets = family(
  ({ program }) => startRig({ aws: { throttling: true }, gatehouse: { program, flags: { 'aws-rate-factor': '1' } } }),
  [refusedTargets],
);
