// Reads the Services and Envoys of Gateways on MetalLB from the cluster, as data.
import type { Service } from '../api/core.ts';
import * as kinds from '../api/kinds.ts';
import { isReady, type Pod } from '../api/workloads.ts';
import type { KubeClient } from '../kube/client.ts';
import { type ObjectKey, parseObjectKey } from '../kube/object.ts';
import { managedSelector, objectNameOf } from '../metallb/names.ts';
import { isEnvoyOf, ownerOf } from '../metallb/owned.ts';
import { boundTo } from '../metallb/slots.ts';
import { listAll } from './live-cluster.ts';

export interface LiveFleet {
  readonly services: readonly LiveService[];
  readonly envoys: readonly LiveEnvoy[];
}

export interface LiveService {
  readonly name: string;
  /** Empty if it has none yet. */
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
}

export interface LiveEnvoy {
  readonly pod: string;
  readonly node?: string;
  readonly state: 'ready' | 'not ready' | 'ending';
  /** Why it is not ready. */
  readonly reason?: string;
}

/** Lists Services and pods once in each namespace. */
export async function readFleets(
  client: KubeClient,
  gateways: readonly ObjectKey[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ObjectKey, LiveFleet>> {
  const fleets = new Map<ObjectKey, LiveFleet>();
  const labelSelector = managedSelector;
  for (const [namespace, members] of Map.groupBy(gateways, (key) => parseObjectKey(key).namespace)) {
    const [services, pods] = await Promise.all([
      listAll(client, kinds.services, signal, { namespace, labelSelector }),
      listAll(client, kinds.pods, signal, { namespace, labelSelector }),
    ]);
    for (const key of members) fleets.set(key, fleetOf(key, services, pods));
  }
  return fleets;
}

function fleetOf(gateway: ObjectKey, services: readonly Service[], pods: readonly Pod[]): LiveFleet {
  const { namespace } = parseObjectKey(gateway);
  const name = objectNameOf(gateway);
  return {
    services: services.filter((each) => ownerOf(each) === gateway).map(serviceOf),
    envoys: pods.filter((each) => each.metadata.namespace === namespace && isEnvoyOf(each, name)).map(envoyOf),
  };
}

const serviceOf = (service: Service): LiveService => ({
  name: service.metadata.name,
  addresses: boundTo(service),
  ports: (service.spec.ports ?? []).map(({ port }) => port),
});

function envoyOf(pod: Pod): LiveEnvoy {
  const { metadata, spec } = pod;
  const state = metadata.deletionTimestamp !== undefined ? 'ending' : isReady(pod) ? 'ready' : 'not ready';
  const reason = state === 'not ready' ? reasonOf(pod) : undefined;
  return {
    pod: metadata.name,
    ...(spec.nodeName !== undefined && { node: spec.nodeName }),
    state,
    ...(reason !== undefined && { reason }),
  };
}

/** What the kubelet says of the container, else what the scheduler says of the pod. */
function reasonOf({ status: { conditions = [], containerStatuses = [] } = {} }: Pod): string | undefined {
  const waiting = containerStatuses.flatMap(({ state }) => state?.waiting ?? []).at(0);
  if (waiting !== undefined) return [waiting.reason, waiting.message].filter(Boolean).join(': ');
  return conditions.find(({ status, message }) => status !== 'True' && message !== undefined)?.message;
}
