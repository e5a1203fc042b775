// A provider's other side, a cluster before it, and processes that work on both as the passes do.

import type { HttpRoute } from '../../api/gateway-api.ts';
import { gather } from '../../gateway/gather.ts';
import type { GatewayInput } from '../../gateway/input.ts';
import type { PortKey } from '../../gateway/listener-protocols.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { MemoryClient } from '../../kube/testing/memory-client.ts';
import { sourcesFor } from '../context.ts';
import { derive } from '../derive.ts';
import { ProviderError } from '../error.ts';
import { type LedKind } from '../kind.ts';
import type { Applied, Standing } from '../provider.ts';
import { type Cluster, type ClusterOptions, gatewayKey, startCluster } from './cluster.ts';

/** A provider's other side, and how it is looked at. */
export interface Rig extends ClusterOptions {
  /** The API server; default: an empty one in memory. */
  readonly client?: KubeClient;
  readonly open: LedKind['open'];
  /** How many writes have come to the other side, refused ones included. */
  writes(): number;
  /** What stands there, without the names that it gives by chance. */
  picture(): Promise<unknown>;
  /** The ports that serve. */
  serving(): Promise<ReadonlySet<PortKey>>;
  /** The members of what serves the Service. */
  members(service: ObjectKey): readonly string[];
  /** Has the other side refuse one of the two ports, once. */
  refuseOnePort(): void;
  /** Has what is made take its time before it serves. @returns how to wait for it */
  provisionSlowly(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export type IsLeader = () => boolean;

export interface Lab {
  readonly rig: Rig;
  readonly cluster: Cluster<KubeClient>;
  /** Starts a process: as after a crash, if there was one before. */
  readonly start: (isLeader?: IsLeader) => ReturnType<typeof startProcess>;
  /** Once, however often it is called. */
  readonly close: () => Promise<void>;
}

export async function openLab(makeRig: () => Promise<Rig>): Promise<Lab> {
  const rig = await makeRig();
  const stop = new AbortController();
  let closing: Promise<void> | undefined;
  const cluster = await startCluster(rig.client ?? new MemoryClient(), rig, stop.signal);
  return {
    rig,
    cluster,
    start: (isLeader) => startProcess(rig, cluster, stop.signal, isLeader),
    close: () => {
      stop.abort();
      closing ??= rig.close();
      return closing;
    },
  };
}

const pollMs = 3000;
const maxPasses = 30;
const nobodyWaits = (): void => undefined;

/** What a process does not finish, as when its lease is lost, is the next one's. */
export function ignoreUnfinished(error: unknown): void {
  if (!(error instanceof ProviderError)) throw error;
}

async function startProcess(
  rig: Rig,
  { clock, context, endpointsDue }: Cluster<KubeClient>,
  signal: AbortSignal,
  isLeader: IsLeader = () => true,
) {
  const stop = new AbortController();
  const provider = await rig.open({ ...context, isLeader }, AbortSignal.any([signal, stop.signal]));
  const sources = sourcesFor(context.sources, provider);

  const input = (): GatewayInput => {
    const found = gather(gatewayKey, sources);
    if (found === undefined) throw new Error(`Expected ${gatewayKey} to be there`);
    return found;
  };

  const pass = async (): Promise<{ readonly applied: Applied; readonly standing: Standing }> => {
    const obstacles = await provider.ready(input().gateway);
    const derived = await derive(provider, input(), obstacles);
    const nothing: Applied = { found: obstacles, behind: false };
    const applied = derived.known ? await provider.apply(gatewayKey, derived, nobodyWaits) : nothing;
    for (const service of endpointsDue) await provider.endpoints(service);
    endpointsDue.clear();
    return { applied, standing: provider.standing(gatewayKey, derived.model) };
  };

  /** Runs passes until the Gateway is complete, or the lease is lost. @returns how many passes it took */
  const reconcile = async (): Promise<number> => {
    for (let passes = 1; passes <= maxPasses; passes += 1) {
      const { applied, standing } = await pass();
      const { found, behind, requeueAfterMs } = applied;
      const isDone = found.length === 0 && !behind && requeueAfterMs === undefined && standing.complete;
      if (isDone || !isLeader()) return passes;
      clock.putForward(requeueAfterMs ?? pollMs);
    }
    throw new Error('Expected the Gateway to be complete');
  };

  const remove = async (): Promise<void> => {
    for (let attempt = 0; attempt < maxPasses; attempt += 1) {
      await provider.ready(input().gateway);
      const { gone, requeueAfterMs } = await provider.remove(gatewayKey, nobodyWaits);
      if (gone || !isLeader()) return;
      clock.putForward(requeueAfterMs ?? pollMs);
    }
    throw new Error('Expected the Gateway to be gone');
  };

  return {
    provider,
    input,
    pass,
    reconcile,
    remove,
    derive: (routes: readonly HttpRoute[]) => derive(provider, { ...input(), routes }),
    close: async (): Promise<void> => {
      stop.abort();
      await provider.close();
    },
  };
}
