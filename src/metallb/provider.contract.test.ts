// MetalLB keeps the contract, before an API server in memory and a simulated cluster whose Envoys speak to the real service.
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../localstack/cluster/ports.ts';
import type { Secret } from '../api/core.ts';
import { pods, secrets, services, tokenReviews } from '../api/kinds.ts';
import type { TokenReview } from '../api/workloads.ts';
import { AdsAuthority } from '../envoy/ads/authority.ts';
import { reviewOf } from '../envoy/ads/testing/tokens.ts';
import type { Store } from '../kube/cache.ts';
import type { KubeClient } from '../kube/client.ts';
import { systemClock } from '../kube/clock.ts';
import type { Kind } from '../kube/kinds.ts';
import { type KubeObject, objectKey } from '../kube/object.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { describeProvider } from '../provider/contract.ts';
import { gatewayKey } from '../provider/testing/cluster.ts';
import { fleetKinds } from './caches.ts';
import { MetallbFeed } from './feed.ts';
import { ownerOf } from './owned.ts';
import { whileLeading } from './provider.ts';
import { SimulatedCluster } from './testing/simulated-cluster.ts';

const { signal: forever } = new AbortController();
const secret = objectKey({ namespace: 'gatehouse-system', name: 'gatehouse-ads' });
const authorityIn = (client: KubeClient) =>
  new AdsAuthority({
    client,
    secret,
    serverName: 'gatehouse-ads.gatehouse-system.svc',
    clock: systemClock,
  });

/** The same for all clusters, because the objects of a Gateway have it. */
const authority: Promise<Secret> = (async () => {
  const client = new MemoryClient();
  await authorityIn(client).maintain(forever);
  return await client.get(secrets, secret, forever);
})();

const patienceMs = 5000;

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('Expected the cluster to come to rest');
    await sleep(2);
  }
}

describeProvider(
  'MetalLB',
  async () => {
    const client = new ApiServer();
    await client.create(secrets, await authority, forever);
    const trust = await authorityIn(client).trust(forever);
    const [port = 0] = await freePorts(1);
    const cluster = new SimulatedCluster({ client, ads: { port, authorities: trust?.authorities ?? '' } });
    let writes = 0;
    const counted = whileLeading({
      client,
      isLeader: () => {
        writes += 1;
        return true;
      },
    });

    const objects = async () => {
      const all = await Promise.all(fleetKinds.map(async (kind) => (await client.list(kind)).items));
      return all.flat().filter((object) => ownerOf(object) === gatewayKey);
    };

    return {
      controllerName: 'gatehouse.dev/metallb',
      flags: { 'ads-bind-addr': `127.0.0.1:${port}` },
      client,
      open: async (context, signal) => {
        const stop = new AbortController();
        const feed = new MetallbFeed(context);
        const running = feed.run(AbortSignal.any([signal, stop.signal]));
        await feed.settled;
        await until(async () => feed.ads.client !== undefined);
        const provider = await feed.open({ ...context, client: counted }, signal);
        let isPublished = false;
        const settle = async (): Promise<void> => {
          await cluster.work();
          await until(async () => {
            const { groups } = feed.ads.summary(gatewayKey);
            const envoys = groups.flatMap((group) => (group.isCurrent ? group.pods : []));
            const isCurrent = envoys.length === cluster.envoys().length;
            return (
              (isCurrent || !isPublished) &&
              (await hasAll(client, pods, feed.caches.pods)) &&
              (await hasAll(client, services, feed.caches.services))
            );
          });
        };
        return {
          ...provider,
          apply: async (gateway, derived, whenWanted) => {
            // The replica's own queue does this.
            if (derived.model !== undefined) feed.publish(gateway, Object(derived.model));
            isPublished = true;
            const applied = await provider.apply(gateway, derived, whenWanted);
            await settle();
            return applied;
          },
          remove: async (gateway, whenWanted) => {
            const removed = await provider.remove(gateway, whenWanted);
            isPublished = false;
            await settle();
            return removed;
          },
          endpoints: async (service) => {
            feed.endpoints(service);
            await settle();
            // No status depends on endpoints, so no summary says that Envoy has them.
            const slices = context.sources.endpointSlicesOf(service);
            const wanted = slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
            await until(async () => {
              const members = cluster.members(service);
              return members.length === 0 || String(members.toSorted()) === String(wanted.toSorted());
            });
            return await provider.endpoints(service);
          },
          close: async () => {
            await provider.close();
            stop.abort();
            await running;
          },
        };
      },
      writes: () => writes,
      picture: async () =>
        (await objects()).map((object) => ({
          ...object,
          metadata: { ...object.metadata, uid: undefined, resourceVersion: undefined },
        })),
      serving: () => cluster.serving(),
      members: (service) => cluster.members(service),
      refuseOnePort: () => undefined,
      provisionSlowly: () => {
        cluster.givesAddresses = false;
        return async () => {
          cluster.givesAddresses = true;
          await cluster.work();
        };
      },
      close: async () => cluster.stop(),
    };
  },
  {
    'a refusal on one port leaves the others':
      'a Service has all ports; the status reports what Envoys reject, and src/envoy/rejections.test.ts tests it',
  },
);

/** An API server that answers for the tokens of Envoys. */
class ApiServer extends MemoryClient {
  override async create<T extends KubeObject>(kind: Kind<T>, object: T, signal: AbortSignal): Promise<T> {
    return isReview(object) ? { ...object, status: reviewOf(object.spec.token) } : super.create(kind, object, signal);
  }
}

const isReview = (object: KubeObject): object is TokenReview => object.kind === tokenReviews.kind;

async function hasAll<T extends KubeObject>(client: KubeClient, kind: Kind<T>, store: Store<T>): Promise<boolean> {
  const { items } = await client.list(kind, {}, forever);
  const versionOf = (object: KubeObject | undefined) => object?.metadata.resourceVersion;
  return (
    store.list().length === items.length &&
    items.every((each) => versionOf(store.get(objectKey(each.metadata))) === versionOf(each))
  );
}
