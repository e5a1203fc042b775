// (e) A Service gets a pod more: milliseconds from the write of its EndpointSlice until the pod gets a request.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Spread, spreadOf } from '../spread.ts';
import { apply, create, routesPath, type Shop } from './shop.ts';
import { hostOf, ns, routeOf, serviceOf, sliceOf } from './workload.ts';

const service = 'scaled';
const slicesPath = `/apis/discovery.k8s.io/v1/namespaces/${ns}/endpointslices`;

const podOf = (body: string): string | undefined => /"pod": ?"([^"]+)"/.exec(body)?.[1];

/** @param index of a route that does not exist yet */
export async function measureNewPod({ admin, prober, pods }: Shop, index: number, times: number): Promise<Spread> {
  const [first = '', second = ''] = pods.blue;
  await create(admin, `/api/v1/namespaces/${ns}/services`, serviceOf(ns, service));
  await apply(admin, slicesPath, sliceOf(ns, service, [first]));
  await create(admin, routesPath(), routeOf(index, { backend: service }));
  const host = hostOf(index);
  await prober.until(
    host,
    ({ status }) => status === 200,
    () => true,
  );
  const old = podOf((await prober.ask(host)).body);
  const measured: number[] = [];
  for (let each = 0; each < times; each += 1) {
    const begun = performance.now();
    const [, answered] = await Promise.all([
      apply(admin, slicesPath, sliceOf(ns, service, [first, second])),
      prober.until(
        host,
        ({ status, body }) => status === 200 && podOf(body) !== old,
        ({ status }) => status === 200,
      ),
    ]);
    measured.push(answered - begun);
    await apply(admin, slicesPath, sliceOf(ns, service, [first]));
    await sleep(100);
  }
  return spreadOf(measured);
}
