// Runs the passes with a cluster and providers in memory.
import { afterEach, beforeEach } from 'vitest';
import type { Gateway, GatewayClass, HttpRoute } from '../../api/gateway-api.ts';
import * as kinds from '../../api/kinds.ts';
import type { EventNote } from '../../kube/events.ts';
import type { Kind } from '../../kube/kinds.ts';
import { type KubeObject, type ObjectKey, objectKey } from '../../kube/object.ts';
import { MemoryClient } from '../../kube/testing/memory-client.ts';
import { sourcesFor } from '../../provider/context.ts';
import { type Cluster, gatewayKey, startCluster } from '../../provider/testing/cluster.ts';
import { MemoryWorld, memoryProvider } from '../../provider/testing/memory-provider.ts';
import { reconcileEndpoints } from '../endpoints.ts';
import { reconcileGateway } from '../gateway.ts';
import { reconcileGatewayClass } from '../gateway-class.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { Unanswered } from '../unanswered.ts';

interface RecordedEvent extends Pick<EventNote, 'type' | 'reason'> {
  /** The provider that recorded it. */
  readonly by: string;
}

/** Waits until the caches have the last writes. */
const seen = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Gives each test of a file a cluster, and one provider for each name. The Gateway's class belongs to the first provider. */
export function eachTestOnMemory(...names: readonly [string, ...string[]]) {
  let cluster: Cluster;
  let contexts: readonly GatewayContext[];
  let stop: AbortController;
  let recorded: RecordedEvent[];
  let worlds: readonly MemoryWorld[];
  beforeEach(async () => {
    stop = new AbortController();
    recorded = [];
    cluster = await startCluster(new MemoryClient(), { controllerName: `example.com/${names[0]}` }, stop.signal);
    worlds = names.map(() => new MemoryWorld());
    const { client, clock, caches, context } = cluster;
    contexts = names.map((name, index) => {
      const provider = memoryProvider({ world: worlds[index] ?? new MemoryWorld(), name, context });
      const record = (_: KubeObject, { type, reason }: EventNote) => void recorded.push({ by: name, type, reason });
      return {
        client,
        clock,
        caches,
        events: { record },
        provider,
        controllerName: provider.controllerName,
        lastReported: new Map(),
        unanswered: new Unanswered(),
        sources: sourcesFor(context.sources, provider),
        whenWanted: () => undefined,
      };
    });
  });
  afterEach(() => stop.abort());

  const get = <T extends KubeObject>(kind: Kind<T>, key: ObjectKey): Promise<T> =>
    cluster.client.get(kind, key, stop.signal);
  return {
    get cluster(): Cluster {
      return cluster;
    },
    get contexts(): readonly GatewayContext[] {
      return contexts;
    },
    get signal(): AbortSignal {
      return stop.signal;
    },
    get events(): readonly RecordedEvent[] {
      return recorded;
    },
    world: (index = 0): MemoryWorld => worlds[index] ?? new MemoryWorld(),
    get,
    gateway: (): Promise<Gateway> => get(kinds.gateways, gatewayKey),
    route: (name: string): Promise<HttpRoute> => get(kinds.httpRoutes, objectKey({ namespace: 'shop', name })),
    gatewayClass: (): Promise<GatewayClass> => get(kinds.gatewayClasses, objectKey({ name: 'ours' })),
    /** Changes an object, and waits until the caches have it. */
    change: async <T extends KubeObject>(kind: Kind<T>, key: ObjectKey, change: (current: T) => T): Promise<void> => {
      await cluster.client.update(kind, change(await get(kind, key)), stop.signal);
      await seen();
    },
    create: async <T extends KubeObject>(kind: Kind<T>, object: T): Promise<void> => {
      await cluster.client.create(kind, object, stop.signal);
      await seen();
    },
    remove: async (kind: Kind, key: ObjectKey): Promise<void> => {
      await cluster.client.delete(kind, key, stop.signal);
      await seen();
    },
    pass: async (key = gatewayKey) => {
      const result = await reconcileGateway(contexts, key, stop.signal);
      await seen();
      return result;
    },
    passOverClass: () => reconcileGatewayClass(contexts, objectKey({ name: 'ours' }), stop.signal),
    passOverService: (service: ObjectKey) =>
      reconcileEndpoints(
        contexts.map(({ provider }) => provider),
        service,
      ),
  };
}
