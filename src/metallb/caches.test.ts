// What the caches say while they are filled again.
import { expect, test } from 'vitest';
import { type ConfigMap, configMaps, ipAddressPools } from '../api/kinds.ts';
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

const open = (client: MemoryClient) =>
  openMetallbCaches({
    client,
    clock: systemClock,
    random: () => 0,
    logger: silentLogger,
    watchNamespace: undefined,
    namespace: 'gatehouse-system',
  });

test('of ConfigMaps only CA certificates are kept', async () => {
  const client = new MemoryClient();
  const configMap = (name: string, data: Readonly<Record<string, string>>): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'shop', name, labels: { app: 'shop' } },
    data,
  });
  const stop = new AbortController();
  await client.create(configMaps, configMap('ca', { 'ca.crt': 'PEM', 'other.txt': 'large' }), stop.signal);
  await client.create(configMaps, configMap('settings', { 'other.txt': 'large' }), stop.signal);
  const caches = open(client);
  void caches.run(stop.signal);
  await caches.settled;
  expect(caches.caCertificates.list()).toMatchObject([{ metadata: { name: 'ca' }, data: { 'ca.crt': 'PEM' } }]);
  expect(JSON.stringify(caches.caCertificates.list())).not.toMatch(/other|labels/);
  stop.abort();
});

test('MetalLB counts as installed while its pools are listed again', async () => {
  const client = new Relisting();
  const caches = open(client);
  const stop = new AbortController();
  void caches.run(stop.signal);
  await caches.settled;
  await expect.poll(() => client.lists, { timeout: 5000 }).toBe(2);
  expect(caches.hasMetallb()).toBe(true);
  stop.abort();
});
