// One tenant of a shared Gateway keeps changing its routes, at AWS's documented rates. Others' changes still arrive, on this
// Gateway and on others, and no request fails.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { awsOf } from '../integration/support/aws.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { everythingOfOurs } from '../integration/support/left.ts';
import { gateway, http, httpRoute } from '../integration/support/objects.ts';
import { programmed, routePath } from '../integration/support/status.ts';
import { gone } from './awaiting.ts';
import { describeLatencies, measureChanges, slower, type Tenant } from './neighbour.ts';
import { family, type Scenario } from './scenario.ts';
import { openShop, startServingRig } from './shop.ts';
import { until } from './workload.ts';

const routes = 60;
const changesPerSecond = 50;
const busySeconds = 120;
/** The average pause between two changes of another tenant, in milliseconds. */
const pauseMs = 3000;
/** The limit for 95 of 100 changes of another tenant, in milliseconds. */
const limits = { sameGateway: 2000, otherGateway: 1000 } as const;
const requestsPerSecond = 50;
/** At AWS's rate of three changes a second the last state of 60 routes takes 40 s. In milliseconds. */
const convergenceMs = 120_000;

const patch = (rig: Rig, ns: string, name: string, spec: object): Promise<unknown> =>
  rig.cluster.admin.request('PATCH', routePath(ns, name), {
    contentType: 'application/merge-patch+json',
    body: { spec },
  });

const prefix = (value: string) => ({ path: { type: 'PathPrefix', value } });

interface Place {
  readonly rig: Rig;
  readonly ns: string;
  /** `NAMESPACE/NAME` of the Gateway. */
  readonly gateway: string;
}

const parentOf = (of: string) => {
  const [namespace = '', name = ''] = of.split('/');
  return { namespace, name, sectionName: 'http' };
};

/** Whether the Gateway's load balancer has a rule for this path and below. Packed rules have it in an expression. */
const hasPath = ({ rig, gateway: of }: Place, path: string): boolean =>
  awsOf(rig, of).listeners.some(({ words }) =>
    words.some((rule) => rule.includes(`${path}/*`) || rule.includes(`${path}(/.*)?`)),
  );

/** A tenant with one route, whose path changes. */
async function quietTenant(rig: Rig, name: string, of: string): Promise<Tenant> {
  const ns = await rig.freshNamespace(name);
  await rig.backend(ns, 'web');
  const rule = (n: number) => ({ matches: [prefix(`/${name}/v${n}`)], backendRefs: [{ name: 'web', port: 80 }] });
  await rig.apply([httpRoute(ns, 'web', [parentOf(of)], [rule(0)])]);
  return {
    change: (n) => patch(rig, ns, 'web', { rules: [rule(n)] }),
    isThere: (n) => hasPath({ rig, ns, gateway: of }, `/${name}/v${n}`),
  };
}

const hostnamesOf = (index: number) => (index % 2 === 0 ? { hostnames: [`h${index}.busy.example.com`] } : {});

/** A tenant with many routes. Half of them have their own hostname, the others match all hosts. */
async function busyTenant(place: Omit<Place, 'ns'>) {
  const { rig, gateway: of } = place;
  const ns = await rig.freshNamespace('busy');
  await rig.backend(ns, 'web');
  const versions = Array.from({ length: routes }, () => 0);
  const pathOf = (index: number) => `/busy/${index}/v${versions[index]}`;
  const ruleOf = (index: number) => ({ matches: [prefix(pathOf(index))], backendRefs: [{ name: 'web', port: 80 }] });
  const all = versions.map((_, index) =>
    httpRoute(ns, `r${index}`, [parentOf(of)], [ruleOf(index)], hostnamesOf(index)),
  );
  await Promise.all(all.map((each) => rig.apply([each])));
  let changes = 0;
  let refused = 0;
  return {
    isThere: (): boolean => versions.every((_, index) => hasPath({ ...place, ns }, pathOf(index))),
    /** Changes one route after the other until the signal aborts. @returns how many changes there were */
    run: async (signal: AbortSignal): Promise<number> => {
      const started = performance.now();
      const writes = new Set<Promise<unknown>>();
      while (!signal.aborted) {
        const due = Math.floor(((performance.now() - started) / 1000) * changesPerSecond);
        for (; changes < due; changes += 1) {
          const index = changes % routes;
          versions[index] = (versions[index] ?? 0) + 1;
          const write = patch(rig, ns, `r${index}`, { rules: [ruleOf(index)] })
            .catch(() => {
              // The API server is overloaded. The route's next change replaces this one.
              refused += 1;
            })
            .finally(() => writes.delete(write));
          writes.add(write);
        }
        await sleep(10);
      }
      await Promise.all(writes);
      await Promise.all(versions.map((_, index) => patch(rig, ns, `r${index}`, { rules: [ruleOf(index)] })));
      return changes - refused;
    },
  };
}

const busyNeighbour: Scenario<Rig> = {
  name: 'tenants-busy-neighbour',
  what: `one tenant changes ${routes} routes of a shared Gateway ${changesPerSecond} times a second, at AWS's rates`,
  run: async (rig, { say }) => {
    const shop = await openShop(rig, 'shared', { from: 'All' });
    await shop.deploy('web');
    await shop.open([httpRoute(shop.ns, 'web', ['gw'], ['web'], { hostnames: ['shop.example.com'] })]);
    const otherNs = await rig.freshNamespace('other');
    const otherGw: KubeObject = gateway(otherNs, 'gw', [http({ allowedRoutes: { namespaces: { from: 'All' } } })]);
    await rig.apply([otherGw]);
    await programmed(rig, otherGw);
    const same = await quietTenant(rig, 'same', `${shop.ns}/gw`);
    const other = await quietTenant(rig, 'elsewhere', `${otherNs}/gw`);
    const busy = await busyTenant({ rig, gateway: `${shop.ns}/gw` });
    const failures: string[] = [];
    if (!(await until(() => same.isThere(0) && other.isThere(0) && busy.isThere()))) failures.push('not all was made');
    say(`${routes} routes are there; ${busySeconds} s of changes …`);
    const traffic = shop.traffic({ perSecond: requestsPerSecond, isRight: (answer) => answer === 'web v1 8080' });
    const end = AbortSignal.timeout(busySeconds * 1000);
    const isMore = () => !end.aborted;
    const [changes, here, there] = await Promise.all([
      busy.run(end),
      measureChanges(same, pauseMs, isMore),
      measureChanges(other, pauseMs, isMore),
    ]);
    const stopped = performance.now();
    const converged = await until(busy.isThere, convergenceMs);
    const convergedSeconds = (performance.now() - stopped) / 1000;
    if (!converged) failures.push(`the busy tenant's last changes were not in AWS after ${convergenceMs / 1000} s`);
    const report = await traffic.stop();
    await rig.remove([shop.gw, otherGw]);
    await Promise.all([gone(rig, shop.gw), gone(rig, otherGw)]);
    await shop.endPods();
    return {
      count: `${changes} changes, ${here.count + there.count} of others, ${report.requests} requests`,
      failures: [
        ...failures,
        ...slower('on the same Gateway', here, limits.sameGateway),
        ...slower('on another Gateway', there, limits.otherGateway),
        ...report.failures,
      ],
      duplicates: [],
      leaks: everythingOfOurs(rig.aws),
      notes: [
        describeLatencies('on the same Gateway', here),
        describeLatencies('on another Gateway', there),
        `the busy tenant's last state was in AWS after ${convergedSeconds.toFixed(1)} s`,
      ],
    };
  },
};

export const tenantsBusyNeighbour = family(
  (options) => startServingRig(options, { throttling: true }, { gatehouse: { flags: { 'aws-rate-factor': '1' } } }),
  [busyNeighbour],
);
