import { expect, test } from 'vitest';
import { secrets } from '../api/kinds.ts';
import { AdsAuthority } from '../envoy/ads/authority.ts';
import { systemClock } from '../kube/clock.ts';
import { objectKey } from '../kube/object.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { Ads, type AdsOptions } from './ads.ts';
import { ADS_NAME, adsClient } from './ads-client.ts';

const namespace = 'gatehouse-system';
const secret = objectKey({ namespace, name: ADS_NAME });

test('a replica follows a change of the authorities at once, not after an hour', async () => {
  const client = new MemoryClient();
  const stop = new AbortController();
  const { signal } = stop;
  const config = { adsBindAddr: '127.0.0.1:0', adsAddress: undefined };
  const authorityIn = (cluster: MemoryClient) =>
    new AdsAuthority({
      client: cluster,
      secret,
      serverName: adsClient(namespace, config).serverName,
      clock: systemClock,
    });
  await authorityIn(client).maintain(signal);
  const context: AdsOptions['context'] = Object({
    client,
    clock: systemClock,
    logger: silentLogger,
    namespace,
    config,
  });
  let changes = 0;
  const ads = new Ads({
    context,
    placeOf: () => undefined,
    onChange: () => undefined,
    onTrust: () => {
      changes += 1;
    },
  });
  const running = ads.run(signal);
  await expect.poll(() => ads.client?.authorities).toBeDefined();
  const before = ads.client?.authorities;

  const elsewhere = new MemoryClient();
  await authorityIn(elsewhere).maintain(signal);
  const { data } = await elsewhere.get(secrets, secret, signal);
  await client.update(secrets, { ...(await client.get(secrets, secret, signal)), ...(data && { data }) }, signal);
  ads.secretChanged();
  await expect.poll(() => ads.client?.authorities).not.toBe(before);
  expect(changes).toBe(2);
  stop.abort();
  await running;
});
