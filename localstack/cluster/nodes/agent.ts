// The nodes of a cluster whose pods run: scheduler, kubelets and kube-proxy of all nodes, in this process.
import { join } from 'node:path';
import type { CertificateAuthority } from '../certificates.ts';
import type { Connection } from '../connection.ts';
import { startInformer } from '../informer.ts';
import type { RunnableImage } from './images.ts';
import { startKubeletServer } from './kubelet-server.ts';
import { createPodNetwork, ownBlock } from './network.ts';
import { keepNode, type NodePlan } from './node.ts';
import type { Node, Pod } from './objects.ts';
import { type PodContext, RunningPod } from './running-pod.ts';
import { chooseNode, isOver } from './schedule.ts';
import { forwardServices } from './services.ts';

const retryMs = 1_000;

export interface AgentOptions {
  readonly connection: Connection;
  readonly authority: CertificateAuthority;
  readonly nodes: readonly NodePlan[];
  readonly findImage: (reference: string) => RunnableImage | undefined;
  /** Variables that every container has. */
  readonly variables: Readonly<Record<string, string>>;
  /** What Services' cluster addresses are out of. */
  readonly serviceBlock: string;
  /** Where the pods' files are. */
  readonly folder: string;
  readonly log: (line: string) => void;
}

export interface Agent {
  /** Ends every pod's processes, and serves no Service any more. */
  stop(): Promise<void>;
}

const keyOf = ({ metadata: { namespace, name } }: Pod): string => `${namespace}/${name}`;

/** Resolves when the nodes are Ready. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { connection, nodes, authority } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = new Map<string, RunningPod>();
  const network = await createPodNetwork(nodes);
  await ownBlock(options.serviceBlock);
  const context: PodContext = { ...options, network, folder: join(options.folder, 'pods') };
  const places = new Map(nodes.map((node) => [node.name, node]));

  const changed = (pod: Pod | undefined, before: Pod | undefined): void => {
    if (pod === undefined) {
      if (before === undefined) return;
      void running
        .get(keyOf(before))
        ?.remove()
        .catch((error: unknown) => options.log(String(error)));
      running.delete(keyOf(before));
      return;
    }
    const known = running.get(keyOf(pod));
    const place = places.get(pod.spec.nodeName ?? '');
    if (known) known.update(pod);
    else if (place && !isOver(pod.status?.phase)) {
      const started = new RunningPod(pod, place, context);
      running.set(keyOf(pod), started);
      started.update(pod);
    }
  };

  const server = await startKubeletServer({
    pair: await authority.issueServer(
      nodes.map(({ name }) => name),
      nodes.map(({ address }) => address),
    ),
    ca: authority.certificate,
    logOf: (namespace, pod, container, previous) => running.get(`${namespace}/${pod}`)?.logOf(container, previous),
  });
  await Promise.all(nodes.map((node) => keepNode(connection, node, server.port, signal)));
  await startScheduler(connection, changed, signal);
  const services = await forwardServices(connection, nodes, signal, options.log);
  return {
    stop: async () => {
      stopping.abort();
      server.close();
      services.close();
      await Promise.all([...running.values()].map((pod) => pod.remove()));
      await network.remove();
    },
  };
}

/** Binds pods to nodes, and passes on what happens to pods. */
async function startScheduler(
  connection: Connection,
  changed: (pod: Pod | undefined, before: Pod | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  /** Pods that are being bound, as if they were. */
  const assumed = new Map<string, Pod>();
  const nodes = startInformer<Node>(connection, { path: '/api/v1/nodes', changed: () => scheduleAll(), signal });
  const pods = startInformer<Pod>(connection, {
    path: '/api/v1/pods',
    changed: (pod, before) => {
      changed(pod, before);
      if (pod?.spec.nodeName !== undefined || pod === undefined) assumed.delete((pod ?? before)?.metadata.uid ?? '');
      else schedule(pod);
    },
    signal,
  });
  await Promise.all([nodes.synced, pods.synced]);

  function scheduleAll(): void {
    for (const pod of pods.objects.values()) if (pod.spec.nodeName === undefined) schedule(pod);
  }

  function schedule(pod: Pod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    const { schedulerName = 'default-scheduler', schedulingGates = [] } = pod.spec;
    if (assumed.has(uid) || deletionTimestamp !== undefined) return;
    if (schedulerName !== 'default-scheduler' || schedulingGates.length > 0) return;
    const decision = chooseNode(pod, [...nodes.objects.values()], [...pods.objects.values(), ...assumed.values()]);
    if (decision.kind === 'none') {
      void reportUnschedulable(connection, pod, decision.message).catch(() => {});
      return;
    }
    assumed.set(uid, { ...pod, spec: { ...pod.spec, nodeName: decision.name } });
    void bind(connection, pod, decision.name).catch(() => {
      assumed.delete(uid);
      setTimeout(scheduleAll, retryMs).unref();
    });
  }
}

async function bind(connection: Connection, { metadata }: Pod, node: string): Promise<void> {
  const { name, namespace, uid } = metadata;
  await connection.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, {
    body: {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    },
  });
}

async function reportUnschedulable(connection: Connection, { metadata, status }: Pod, message: string): Promise<void> {
  const { name, namespace } = metadata;
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message } as const;
  if (status?.conditions?.some((known) => known.type === condition.type && known.message === message)) return;
  await connection.request('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, {
    contentType: 'application/strategic-merge-patch+json',
    body: { status: { conditions: [condition] } },
  });
}
