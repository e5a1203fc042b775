// A Deployment with serving pods: each answers `SERVICE VERSION PORT`. It updates them like Kubernetes with maxSurge 1 and
// maxUnavailable 0: each new pod is ready before an old one begins to terminate.
import { setTimeout as sleep } from 'node:timers/promises';
import { type AddressMapping, mapAddress } from '../../localstack/aws/dataplane/target-address.ts';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { endpointSlice } from '../../localstack/environment.ts';
import { type PodServer, servers } from './pod-server.ts';

/** The time from a pod's start until it is ready, in milliseconds. */
const startupMs = 300;

/** By the name of the Service's port. */
type TargetPorts = Readonly<Record<string, number>>;

interface Place {
  readonly address: string;
  readonly nodeName: string;
}

interface Pod extends Place {
  readonly servers: PodServer[];
  state: 'starting' | 'ready' | 'terminating';
}

export interface DeploymentOptions {
  readonly namespace: string;
  readonly service: string;
  readonly replicas: number;
  /** The pods' protocol. If they answer datagrams, the Service has a TCP port for each of its UDP ports. */
  readonly speaks: keyof typeof servers;
  /** The ports of the pods. */
  readonly ports: readonly number[];
  /** The Service's targets: its ports' names, and ports of the pods. */
  readonly targetPorts: TargetPorts;
  /** How long a terminating pod still serves before it gets SIGTERM: its preStop hook, in milliseconds. */
  readonly graceMs: number;
  readonly mappings: readonly AddressMapping[];
  readonly apply: (objects: readonly KubeObject[]) => Promise<unknown>;
}

let addresses = 0;

/** Takes turns among the three nodes. No address is used twice. */
function nextPlace(): Place {
  const node = addresses % 3;
  const host = Math.floor(addresses / 3);
  addresses += 1;
  return {
    address: `10.0.${48 + 16 * node + Math.floor(host / 200)}.${20 + (host % 200)}`,
    nodeName: `node-${node + 1}`,
  };
}

export class Deployment {
  readonly #options: DeploymentOptions;
  #graceMs: number;
  #targetPorts: TargetPorts;
  #version = 'v1';
  readonly #pods = new Set<Pod>();
  readonly #leaving = new Set<Promise<void>>();
  #written: Promise<unknown> = Promise.resolve();

  constructor(options: DeploymentOptions) {
    this.#options = options;
    this.#graceMs = options.graceMs;
    this.#targetPorts = options.targetPorts;
  }

  async start(): Promise<void> {
    for (let count = 0; count < this.#options.replicas; count += 1) this.#pods.add(await this.#newPod('ready'));
    await this.#write();
  }

  /** Replaces each pod. Resolves when the new ones are ready and the old ones are gone. */
  async roll(version: string, graceMs = this.#graceMs): Promise<void> {
    this.#version = version;
    this.#graceMs = graceMs;
    for (const old of Array.from(this.#pods)) {
      const fresh = await this.#newPod('starting');
      this.#pods.add(fresh);
      await this.#write();
      await sleep(startupMs);
      fresh.state = 'ready';
      await this.#write();
      this.#terminate(old);
    }
    await Promise.all(this.#leaving);
  }

  /** Moves the Service's endpoints to other ports. */
  async sendTo(targetPorts: TargetPorts): Promise<void> {
    this.#targetPorts = targetPorts;
    await this.#write();
  }

  /** From now on, the pods do not answer, but the endpoints still say that they are ready. */
  fail(): void {
    for (const pod of this.#pods) for (const server of pod.servers.splice(0)) server.end();
  }

  /** Ends all pods at once. */
  async stop(): Promise<void> {
    await Promise.all(this.#leaving);
    this.fail();
  }

  async #newPod(state: Pod['state']): Promise<Pod> {
    const place = nextPlace();
    const { mappings, ports, service, speaks } = this.#options;
    const host = mapAddress(mappings, place.address);
    const started = await Promise.all(
      ports.map((port) => servers[speaks](`${service} ${this.#version} ${port}`, host, port)),
    );
    return { ...place, servers: started, state };
  }

  /** Its preStop hook runs while the endpoints say that it terminates. Then it accepts no new connections. */
  #terminate(pod: Pod): void {
    const leave = async (): Promise<void> => {
      pod.state = 'terminating';
      await this.#write();
      await sleep(this.#graceMs);
      await Promise.all(pod.servers.map((server) => server.drain()));
      this.#pods.delete(pod);
      await this.#write();
    };
    const leaving = leave().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  /** One write after the other, each with the current state. */
  #write(): Promise<unknown> {
    const write = async (): Promise<void> => {
      const { namespace, service, speaks, apply } = this.#options;
      const ports = Object.entries(this.#targetPorts).flatMap(([name, port]) =>
        speaks === 'datagrams'
          ? [
              { name, port, protocol: 'UDP' },
              { name: `${name}-tcp`, port, protocol: 'TCP' },
            ]
          : [{ name, port, protocol: 'TCP' }],
      );
      const slice = endpointSlice(namespace, service, [], 0);
      await apply([{ ...slice, ports, endpoints: [...this.#pods].map(endpoint) }]);
    };
    this.#written = this.#written.then(write);
    return this.#written;
  }
}

const endpoint = ({ address, nodeName, state }: Pod) => ({
  addresses: [address],
  nodeName,
  conditions: { ready: state === 'ready', serving: state !== 'starting', terminating: state === 'terminating' },
});
