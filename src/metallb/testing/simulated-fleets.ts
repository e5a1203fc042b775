// The controllers of Deployments, and Envoys that are connected to the configuration service. Each Deployment has one pod.
import { fromBinary } from '@bufbuild/protobuf';
import { deployments, pods, services } from '../../api/kinds.ts';
import type { Deployment, Pod } from '../../api/workloads.ts';
import { serverName } from '../../envoy/ads/testing/ads-under-test.ts';
import { ConnectedEnvoy } from '../../envoy/ads/testing/connected-envoy.ts';
import { ClusterLoadAssignmentSchema } from '../../envoy/xds/envoy/config/endpoint/v3/endpoint_pb.ts';
import { listenerPort, type PortKey } from '../../gateway/listener-protocols.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';
import { managedSelector as labelSelector } from '../names.ts';
import { boundTo } from '../slots.ts';

export interface SimulatedFleetsOptions {
  readonly client: KubeClient;
  readonly ads: { readonly port: number; readonly authorities: string };
  /** What the kubelet would mount. */
  readonly tokenOf: (pod: Pod) => Promise<string>;
  /** Where the pods are; default: nowhere. */
  readonly node?: string;
}

export class SimulatedFleets {
  readonly #options: SimulatedFleetsOptions;
  readonly #stop = new AbortController();
  /** By pod. */
  readonly #envoys = new Map<ObjectKey, { readonly envoy: ConnectedEnvoy; readonly stop: AbortController }>();

  constructor(options: SimulatedFleetsOptions) {
    this.#options = options;
  }

  /** Each Deployment gets its pod. A pod without a Deployment goes. */
  async work(): Promise<void> {
    const { client } = this.#options;
    const { signal } = this.#stop;
    const found = await client.list(deployments, { labelSelector }, signal);
    const wanted = new Map(found.items.map((each) => [objectKey(podOf(each).metadata), each]));
    for (const pod of (await client.list(pods, { labelSelector }, signal)).items) {
      const key = objectKey(pod.metadata);
      if (wanted.delete(key)) continue;
      this.#envoys.get(key)?.stop.abort();
      this.#envoys.delete(key);
      await client.delete(pods, key, signal);
    }
    for (const deployment of wanted.values()) {
      const made = podOf(deployment);
      const { node: nodeName } = this.#options;
      const placed = { ...made, spec: { ...made.spec, ...(nodeName !== undefined && { nodeName }) } };
      const pod = await client.create(pods, placed, signal);
      const status = { conditions: [{ type: 'Ready', status: 'True' }] } as const;
      await this.#start(await client.updateStatus(pods, { ...pod, status }, signal));
    }
  }

  /** The pods whose Envoys are connected, or try to be. */
  envoys(): readonly ObjectKey[] {
    return [...this.#envoys.keys()];
  }

  /** The ports of addresses that an Envoy answers. */
  async serving(): Promise<ReadonlySet<PortKey>> {
    const { items } = await this.#options.client.list(services, { labelSelector }, this.#stop.signal);
    const bound = items.filter((each) => boundTo(each).length > 0);
    const listeners = new Set([...this.#envoys.values()].flatMap(({ envoy }) => [...envoy.has.listeners.keys()]));
    const numbers = bound.flatMap(({ spec }) => (spec.ports ?? []).map(({ port }) => port));
    return new Set(numbers.filter((port) => listeners.has(`tcp/${port}`)).map((port) => listenerPort('HTTP', port)));
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

  async #start(pod: Pod): Promise<void> {
    const token = await this.#options.tokenOf(pod);
    const envoy = new ConnectedEnvoy({
      ...this.#options.ads,
      host: '127.0.0.1',
      serverName,
      token,
      node: pod.metadata.name,
    });
    const stop = new AbortController();
    this.#envoys.set(objectKey(pod.metadata), { envoy, stop });
    void envoy.run(stop.signal);
  }
}

function podOf({ metadata: { namespace = '', name, labels }, spec }: Deployment): Pod {
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
    spec: Object(spec).template.spec,
  };
}

const addressesIn = (assignment: Uint8Array): readonly string[] =>
  fromBinary(ClusterLoadAssignmentSchema, assignment)
    .endpoints.flatMap(({ lbEndpoints }) => lbEndpoints)
    .flatMap(({ hostIdentifier }) => {
      const address = hostIdentifier.case === 'endpoint' ? hostIdentifier.value.address?.address : undefined;
      return address?.case === 'socketAddress' ? address.value.address : [];
    });
