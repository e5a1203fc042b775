// What the suite of all providers needs of this one: the feed and the provider as they are, Envoys that are connected to the real
// service, and whoever gives addresses.
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../../localstack/cluster/ports.ts';
import * as kinds from '../../api/kinds.ts';
import { AdsAuthority } from '../../envoy/ads/authority.ts';
import { SPEC_ANNOTATION } from '../../kube/apply-set.ts';
import type { Store } from '../../kube/cache.ts';
import type { KubeClient } from '../../kube/client.ts';
import { systemClock } from '../../kube/clock.ts';
import type { Kind } from '../../kube/kinds.ts';
import { type KubeObject, objectKey } from '../../kube/object.ts';
import type { describeProvider } from '../../provider/contract.ts';
import { gatewayKey } from '../../provider/testing/cluster.ts';
import type { Rig } from '../../provider/testing/lab.ts';
import { ADS_NAME, adsClient } from '../ads-client.ts';
import { fleetKinds } from '../caches.ts';
import { MetallbFeed } from '../feed.ts';
import { managedSelector as labelSelector } from '../names.ts';
import { ownerOf } from '../owned.ts';
import { whileLeading } from '../provider.ts';
import { SimulatedFleets, type SimulatedFleetsOptions } from './simulated-fleets.ts';

export const ownNamespace = 'gatehouse-system';

export const skippedCases: Parameters<typeof describeProvider>[2] = {
  'a refusal on one port leaves the others':
    'a Service has all ports; the status reports what Envoys reject, and src/envoy/rejections.test.ts tests it',
};

/** Gives addresses to Services. */
export interface Addresses {
  /** Resolves when each Service has one, if any are given now. */
  settle(): Promise<void>;
  withhold(): Promise<void>;
  giveAgain(): Promise<void>;
}

export interface MetallbRigOptions {
  readonly client: KubeClient;
  readonly addresses: Addresses;
  readonly tokenOf: SimulatedFleetsOptions['tokenOf'];
  readonly node?: string;
  readonly close?: () => Promise<void>;
}

const { signal: forever } = new AbortController();

const authorityIn = (client: KubeClient) =>
  new AdsAuthority({
    client,
    secret: objectKey({ namespace: ownNamespace, name: ADS_NAME }),
    serverName: adsClient(ownNamespace, { adsAddress: undefined }).serverName,
    clock: systemClock,
  });

/** Makes the Secret, if there is none. */
export async function makeAuthority(client: KubeClient): Promise<KubeObject> {
  await authorityIn(client).maintain(forever);
  return await client.get(kinds.secrets, objectKey({ namespace: ownNamespace, name: ADS_NAME }), forever);
}

const patienceMs = 15_000;

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('Expected the cluster to come to rest');
    await sleep(2);
  }
}

/** The API server has the Secret of the authorities. */
export async function metallbRig({ client, addresses, close, ...fleet }: MetallbRigOptions): Promise<Rig> {
  const { authorities = '' } = (await authorityIn(client).trust(forever)) ?? {};
  const [port = 0] = await freePorts(1);
  const fleets = new SimulatedFleets({ ...fleet, client, ads: { port, authorities } });
  let writes = 0;
  const counted = whileLeading({
    client,
    isLeader: () => {
      writes += 1;
      return true;
    },
  });
  const open: Rig['open'] = async (context, signal) => {
    const stop = new AbortController();
    const feed = new MetallbFeed(context);
    const running = feed.run(AbortSignal.any([signal, stop.signal]));
    await feed.settled;
    await until(async () => feed.ads.client !== undefined);
    const provider = await feed.open({ ...context, client: counted }, signal);
    let isPublished = false;
    const settle = async (): Promise<void> => {
      await fleets.work();
      await addresses.settle();
      await until(async () => {
        const { groups } = feed.ads.summary(gatewayKey);
        const envoys = groups.flatMap((group) => (group.isCurrent ? group.pods : []));
        const isCurrent = envoys.length === fleets.envoys().length;
        return (isCurrent || !isPublished) && (await haveAll(feed.caches, client));
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
        const wanted = new Set(slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap((each) => each.addresses)));
        // It may have only those that are near.
        await until(async () => fleets.members(service).every((each) => wanted.has(each)));
        return await provider.endpoints(service);
      },
      close: async () => {
        await provider.close();
        stop.abort();
        await running;
      },
    };
  };
  return {
    controllerName: 'gatehouse.dev/metallb',
    flags: { 'ads-bind-addr': `127.0.0.1:${port}` },
    client,
    open,
    writes: () => writes,
    picture: () => pictureOf(client),
    serving: () => fleets.serving(),
    members: (service) => fleets.members(service),
    refuseOnePort: () => undefined,
    provisionSlowly: async () => {
      await addresses.withhold();
      return async () => {
        await addresses.giveAgain();
        await addresses.settle();
      };
    },
    close: async () => {
      fleets.stop();
      await close?.();
    },
  };
}

/** What the API server chooses by chance. */
const chosen: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'clusterIP',
  'clusterIPs',
  'nodePort',
  'healthCheckNodePort',
  // The owner's UID is in the hash.
  SPEC_ANNOTATION,
]);

async function pictureOf(client: KubeClient): Promise<unknown> {
  const all = await Promise.all(
    fleetKinds.map(async (kind) => (await client.list<KubeObject>(kind, { labelSelector }, forever)).items),
  );
  const owned = all.flat().filter((object) => ownerOf(object) === gatewayKey);
  return JSON.parse(JSON.stringify(owned, (name, value) => (chosen.has(name) ? undefined : value)));
}

/** The caches are not behind, however busy the machine is. */
async function haveAll(caches: MetallbFeed['caches'], client: KubeClient): Promise<boolean> {
  const all = await Promise.all([
    hasAll(client, kinds.pods, caches.pods),
    hasAll(client, kinds.serviceAccounts, caches.serviceAccounts),
    hasAll(client, kinds.configMaps, caches.configMaps),
    hasAll(client, kinds.services, caches.services),
    hasAll(client, kinds.deployments, caches.deployments),
    hasAll(client, kinds.podDisruptionBudgets, caches.podDisruptionBudgets),
  ]);
  return all.every(Boolean);
}

async function hasAll<T extends KubeObject>(client: KubeClient, kind: Kind<T>, store: Store<T>): Promise<boolean> {
  const { items } = await client.list(kind, { labelSelector }, forever);
  return (
    store.list().length === items.length &&
    items.every((each) => versionOf(store.get(objectKey(each.metadata))) === versionOf(each))
  );
}

const versionOf = (object: KubeObject | undefined): string | undefined => object?.metadata.resourceVersion;
