// One endpoint's change at a time.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pods } from './pods.ts';
import type { Registered } from './registered.ts';
import { type Spread, spreadOf } from './spread.ts';

/** The pause between two changes. AWS's bucket for registrations, 4 a second, must not become empty. */
const pauseMs = 300;
const lookMs = 1;
const timeoutMs = 60_000;

async function until(done: () => boolean): Promise<void> {
  for (const deadline = performance.now() + timeoutMs; !done(); await sleep(lookMs)) {
    if (performance.now() > deadline) throw new Error('A change did not reach AWS');
  }
}

/**
 * Adds a pod and removes it again, in one Service after the other, until `isMore` returns false.
 * @returns milliseconds from sending the write to Kubernetes until AWS has the target
 */
export async function measureEndpointChanges(
  pods: Pods,
  registered: Registered,
  services: readonly string[],
  isMore: (changes: number) => boolean,
): Promise<Spread> {
  const times: number[] = [];
  while (isMore(times.length)) {
    const service = services[times.length % services.length] ?? '';
    const address = pods.add(service);
    const started = performance.now();
    await Promise.all([pods.write(service), until(() => registered.has(service, address))]);
    times.push(performance.now() - started);
    await sleep(pauseMs);
    pods.remove(service, address);
    await Promise.all([pods.write(service), until(() => !registered.has(service, address))]);
    await sleep(pauseMs);
  }
  return spreadOf(times);
}
