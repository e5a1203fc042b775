// (d) Routes in many namespaces, each with its own Service, while something changes every second: what Gatehouse and Envoy cost.
import { setTimeout as sleep } from 'node:timers/promises';
import { namespace } from '../../integration/support/objects.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { type Usage, usageOf } from '../usage.ts';
import { apply, create, inParallel, routesPath, type Shop } from './shop.ts';
import { hostOf, routeOf, serviceOf, sliceOf } from './workload.ts';

const namespaces = 50;

export interface Load {
  readonly routes: number;
  readonly gatehouse: Cost;
  readonly envoy: Cost;
  /** From the write of a route's change to the first answer that shows it. */
  readonly changes: Spread;
  readonly errors: readonly string[];
}

export interface Cost {
  readonly usage: Usage;
  /** Share of one core, while something changes every second. */
  readonly busy: number;
}

const nsOf = (index: number): string => `team-${index % namespaces}`;
const serviceName = (index: number): string => `service-${index}`;
const servicesPath = (index: number): string => `/api/v1/namespaces/${nsOf(index)}/services`;
const slicesPath = (index: number): string => `/apis/discovery.k8s.io/v1/namespaces/${nsOf(index)}/endpointslices`;

export async function makeNamespaces({ admin }: Shop): Promise<void> {
  for (let index = 0; index < namespaces; index += 1) {
    await create(admin, '/api/v1/namespaces', namespace(nsOf(index)));
  }
}

/** Creates the routes from the `from`th to the `to`th, and waits until the last ones serve. */
export async function addRoutes({ admin, prober, pods }: Shop, from: number, to: number): Promise<void> {
  const indexes = Array.from({ length: to - from }, (_, index) => from + index);
  await inParallel(indexes, async (index) => {
    const service = serviceName(index);
    await create(admin, servicesPath(index), serviceOf(nsOf(index), service));
    await create(admin, slicesPath(index), sliceOf(nsOf(index), service, pods.blue.slice(0, 1)));
    await create(admin, routesPath(nsOf(index)), routeOf(index, { namespace: nsOf(index), backend: service }));
  });
  for (const index of indexes.slice(-16)) {
    await prober.until(
      hostOf(index),
      ({ status }) => status === 200,
      () => true,
    );
  }
}

/** Each second a route changes, and the pods of another route's Service. */
export async function measureLoad(shop: Shop, routes: number, seconds: number): Promise<Load> {
  const { admin, gatehouse, envoyPid, prober, pods } = shop;
  const pids = [gatehouse.pid, envoyPid];
  const before = pids.map(usageOf);
  const begun = performance.now();
  const errors = prober.errors.length;
  const times: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const index = (second * 97) % routes;
    const scaled = (second * 89 + 1) % routes;
    const mark = `mark-${second}`;
    const options = { namespace: nsOf(index), backend: serviceName(index), mark };
    const written = performance.now();
    const [answered] = await Promise.all([
      prober.until(
        hostOf(index),
        ({ body }) => body.includes(`"${mark}"`),
        ({ status }) => status === 200,
      ),
      apply(admin, routesPath(nsOf(index)), routeOf(index, options)),
      apply(admin, slicesPath(scaled), sliceOf(nsOf(scaled), serviceName(scaled), pods.blue)),
    ]);
    times.push(answered - written);
    await sleep(Math.max(0, begun + (second + 1) * 1000 - performance.now()));
  }
  const took = (performance.now() - begun) / 1000;
  const [ofGatehouse, ofEnvoy] = pids.map((pid, index): Cost => {
    const usage = usageOf(pid);
    return { usage, busy: (usage.cpuSeconds - (before[index]?.cpuSeconds ?? 0)) / took };
  });
  if (ofGatehouse === undefined || ofEnvoy === undefined) throw new Error('Expected both processes');
  return {
    routes,
    gatehouse: ofGatehouse,
    envoy: ofEnvoy,
    changes: spreadOf(times),
    errors: prober.errors.slice(errors),
  };
}
