// What runs in a cluster around the objects of a Gateway: the controllers of Deployments, MetalLB, and Envoys that are connected to
// the configuration service.
import { fromBinary } from '@bufbuild/protobuf';
import { deployments, pods, services } from '../../api/kinds.ts';
import type { Deployment, Pod } from '../../api/workloads.ts';
import { ConnectedEnvoy } from '../../envoy/ads/testing/connected-envoy.ts';
import { tokenOf } from '../../envoy/ads/testing/tokens.ts';
import { envoyListenerName } from '../../envoy/model/names.ts';
import { ClusterLoadAssignmentSchema } from '../../envoy/xds/envoy/config/endpoint/v3/endpoint_pb.ts';
import { listenerPort, type PortKey } from '../../gateway/listener-protocols.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';
import type { MemoryClient } from '../../kube/testing/memory-client.ts';
import { boundTo } from '../slots.ts';

export interface SimulatedClusterOptions {
  readonly client: MemoryClient;
  readonly ads: { readonly port: number; readonly authorities: string };
}

export class SimulatedCluster {
  /** Whether MetalLB gives addresses to Services. */
  givesAddresses = true;
  readonly #options: SimulatedClusterOptions;
  readonly #stop = new AbortController();
  /** By pod. */
  readonly #envoys = new Map<ObjectKey, { readonly envoy: ConnectedEnvoy; readonly stop: AbortController }>();

  constructor(options: SimulatedClusterOptions) {
    this.#options = options;
  }

  /** Everybody does what is to be done. */
  async work(): Promise<void> {
    const { client } = this.#options;
    const { signal } = this.#stop;
    const wanted = new Map(
      (await client.list(deployments)).items.map((each) => [objectKey(podOf(each).metadata), each]),
    );
    for (const pod of (await client.list(pods)).items) {
      const key = objectKey(pod.metadata);
      if (wanted.delete(key)) continue;
      this.#envoys.get(key)?.stop.abort();
      this.#envoys.delete(key);
      await client.delete(pods, key, signal);
    }
    for (const deployment of wanted.values()) this.#start(await client.create(pods, podOf(deployment), signal));
    for (const service of (await client.list(services)).items) {
      if (service.spec.type !== 'LoadBalancer' || boundTo(service).length > 0 || !this.givesAddresses) continue;
      const status = { loadBalancer: { ingress: [{ ip: '10.249.0.1' }] } };
      await client.updateStatus(services, { ...service, status }, signal);
    }
  }

  /** The pods whose Envoys are connected, or try to be. */
  envoys(): readonly ObjectKey[] {
    return [...this.#envoys.keys()];
  }

  /** The ports of addresses that an Envoy answers. */
  async serving(): Promise<ReadonlySet<PortKey>> {
    const bound = (await this.#options.client.list(services)).items.filter((each) => boundTo(each).length > 0);
    const listeners = new Set([...this.#envoys.values()].flatMap(({ envoy }) => [...envoy.has.listeners.keys()]));
    const numbers = bound.flatMap(({ spec }) => (spec.ports ?? []).map(({ port }) => port));
    return new Set(
      numbers.filter((port) => listeners.has(envoyListenerName('tcp', port))).map((port) => listenerPort('HTTP', port)),
    );
  }

  /** The addresses of the Service's pods, as an Envoy has them. */
  members(service: ObjectKey): readonly string[] {
    return [...this.#envoys.values()].flatMap(({ envoy: { has } }) =>
      [...has.endpoints].flatMap(([name, bytes]) => (name.startsWith(`${service}/`) ? addressesIn(bytes) : [])),
    );
  }

  stop(): void {
    this.#stop.abort();
    for (const { stop } of this.#envoys.values()) stop.abort();
  }

  #start({ metadata: { namespace, name, uid = '' }, spec }: Pod): void {
    const bound = { namespace, pod: { name, uid }, serviceaccount: { name: spec.serviceAccountName } };
    const token = tokenOf(name, { 'kubernetes.io': bound });
    const envoy = new ConnectedEnvoy({ ...this.#options.ads, token, node: name });
    const stop = new AbortController();
    this.#envoys.set(objectKey({ namespace, name }), { envoy, stop });
    void envoy.run(stop.signal);
  }
}

function podOf({ metadata: { namespace = '', name, labels } }: Deployment): Pod {
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: `${name}-1`,
    uid: `uid-of-${name}-1`,
    controller: true,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name: `${name}-1-a`,
      labels: { ...labels, 'pod-template-hash': '1' },
      ownerReferences: [owner],
    },
    spec: { serviceAccountName: name },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

const addressesIn = (assignment: Uint8Array): readonly string[] =>
  fromBinary(ClusterLoadAssignmentSchema, assignment)
    .endpoints.flatMap(({ lbEndpoints }) => lbEndpoints)
    .flatMap(({ hostIdentifier }) => {
      const address = hostIdentifier.case === 'endpoint' ? hostIdentifier.value.address?.address : undefined;
      return address?.case === 'socketAddress' ? address.value.address : [];
    });
