// The nodes of a cluster with running pods: scheduler, kubelets and kube-proxy of all nodes, in this process.
import { join } from 'node:path';
import type { CertificateAuthority } from '../certificates.ts';
import type { Connection } from '../connection.ts';
import { startInformer } from '../informer.ts';
import type { FindImage } from './images.ts';
import { startKubeletServer } from './kubelet-server.ts';
import { createPodNetwork, ownBlock } from './network.ts';
import { keepNode, type NodePlan } from './node.ts';
import type { Pod } from './objects.ts';
import { type PodContext, RunningPod } from './running-pod.ts';
import { isOver } from './schedule.ts';
import { startScheduler } from './scheduler.ts';
import { forwardServices } from './services.ts';

export interface AgentOptions {
  readonly connection: Connection;
  readonly authority: CertificateAuthority;
  readonly nodes: readonly NodePlan[];
  readonly findImage: FindImage;
  /** Variables that every container has. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether MetalLB runs. */
  readonly metallb: boolean;
  /** The blocks of Services' cluster addresses. */
  readonly serviceBlocks: readonly string[];
  /** The folder of the pods' files. */
  readonly folder: string;
  readonly log: (line: string) => void;
}

export interface Agent {
  /** Resolves when each node accepts pods. The controller manager must remove a taint first. */
  readonly ready: Promise<void>;
  /** Ends all pods' processes, and stops forwarding Services. */
  stop(): Promise<void>;
}

/** Resolves when the nodes are registered, and their pods and Services are watched. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { connection, nodes, authority, log } = options;
  await using begun = new AsyncDisposableStack();
  const network = await createPodNetwork(nodes);
  begun.defer(() => network.remove());
  for (const block of options.serviceBlocks) await ownBlock(block);

  const context: PodContext = { ...options, network, folder: join(options.folder, 'pods') };
  const running = new RunningPods(nodes, context, log);
  begun.defer(() => running.removeAll());
  const stopping = new AbortController();
  begun.defer(() => stopping.abort());
  const { signal } = stopping;

  const pair = await authority.issueServer(
    nodes.map(({ name }) => name),
    nodes.map(({ address }) => address),
  );
  const server = await startKubeletServer({
    pair,
    ca: authority.certificate,
    logOf: (namespace, pod, container, previous) => running.get(`${namespace}/${pod}`)?.logOf(container, previous),
  });
  begun.defer(() => server.close());
  await Promise.all(nodes.map((node) => keepNode(connection, node, server.port, signal)));

  const scheduler = startScheduler(
    connection,
    nodes.map(({ name }) => name),
    () => pods,
    signal,
  );
  const pods = startInformer<Pod>(connection, {
    path: '/api/v1/pods',
    changed: (pod, before) => {
      running.changed(pod, before);
      scheduler.changed(pod, before);
    },
    signal,
  });
  await pods.synced;
  const services = await forwardServices({ connection, nodes, metallb: options.metallb, signal, log });
  begun.defer(() => services.close());
  const agent = begun.move();
  return { ready: scheduler.ready, stop: () => agent.disposeAsync() };
}

const keyOf = ({ metadata: { namespace, name } }: Pod): string => `${namespace}/${name}`;

/** Runs the pods of all nodes, each independently. */
class RunningPods {
  readonly #running = new Map<string, RunningPod>();
  readonly #places: ReadonlyMap<string, NodePlan>;
  readonly #context: PodContext;
  readonly #log: (line: string) => void;

  constructor(nodes: readonly NodePlan[], context: PodContext, log: (line: string) => void) {
    this.#places = new Map(nodes.map((node) => [node.name, node]));
    this.#context = context;
    this.#log = log;
  }

  get(key: string): RunningPod | undefined {
    return this.#running.get(key);
  }

  changed(pod: Pod | undefined, before: Pod | undefined): void {
    if (pod) this.#put(pod);
    else if (before) this.#remove(keyOf(before));
  }

  async removeAll(): Promise<void> {
    await Promise.all([...this.#running.values()].map((pod) => pod.remove()));
  }

  #put(pod: Pod): void {
    const place = this.#places.get(pod.spec.nodeName ?? '');
    let known = this.#running.get(keyOf(pod));
    if (known === undefined) {
      if (place === undefined || isOver(pod.status?.phase)) return;
      known = new RunningPod(pod, place, this.#context);
      this.#running.set(keyOf(pod), known);
    }
    known.update(pod);
  }

  #remove(key: string): void {
    const pod = this.#running.get(key);
    this.#running.delete(key);
    void pod?.remove().catch((error: unknown) => this.#log(`pod ${key}: ${String(error)}`));
  }
}
