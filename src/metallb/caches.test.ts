// What the caches say while they are filled again.
import { expect, test } from 'vitest';
import { ipAddressPools } from '../api/kinds.ts';
import { systemClock } from '../kube/clock.ts';
import type { Kind } from '../kube/kinds.ts';
import { KubeError } from '../kube/kube-error.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { openMetallbCaches } from './caches.ts';

/** The watch of pools ends with 410, and the second list of them is never answered. */
class Relisting extends MemoryClient {
  lists = 0;
  override list: MemoryClient['list'] = async (kind, ...rest) => {
    if (isOfPools(kind)) this.lists += 1;
    if (isOfPools(kind) && this.lists > 1) await new Promise(() => undefined);
    return await super.list(kind, ...rest);
  };
  override watch: MemoryClient['watch'] = (kind, ...rest) => {
    if (!isOfPools(kind)) return super.watch(kind, ...rest);
    throw new KubeError({ action: 'WATCH ipaddresspools', status: 410, reason: 'Expired', detail: 'too old' });
  };
}

const isOfPools = ({ kind }: Kind): boolean => kind === ipAddressPools.kind;

test('MetalLB counts as installed while its pools are listed again', async () => {
  const client = new Relisting();
  const caches = openMetallbCaches({
    client,
    clock: systemClock,
    random: () => 0,
    logger: silentLogger,
    watchNamespace: undefined,
    namespace: 'gatehouse-system',
  });
  const stop = new AbortController();
  void caches.run(stop.signal);
  await caches.settled;
  await expect.poll(() => client.lists, { timeout: 5000 }).toBe(2);
  expect(caches.hasMetallb()).toBe(true);
  stop.abort();
});
