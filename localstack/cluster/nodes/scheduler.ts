// The scheduler: binds pods to nodes.
import type { Connection } from '../connection.ts';
import { type Informer, startInformer } from '../informer.ts';
import type { Node, Pod } from './objects.ts';
import { chooseNode, isReady } from './schedule.ts';

export interface Scheduler {
  /** Resolves when each of its nodes accepts pods. */
  readonly ready: Promise<void>;
  /** Call it with every pod that was added, changed or deleted. */
  changed(pod: Pod | undefined, before: Pod | undefined): void;
}

const retryMs = 1_000;

/**
 * Runs until the signal aborts. It reads `pods` after each reported change of a pod.
 * @param names of the nodes to wait for
 */
export function startScheduler(
  connection: Connection,
  names: readonly string[],
  pods: () => Informer<Pod>,
  signal: AbortSignal,
): Scheduler {
  const ready = Promise.withResolvers<void>();
  /** Pods that are being bound count as bound. */
  const assumed = new Map<string, Pod>();
  const nodes = startInformer<Node>(connection, {
    path: '/api/v1/nodes',
    changed: () => {
      scheduleAll();
      if (names.every((name) => isReady(nodes.objects.get(name)))) ready.resolve();
    },
    signal,
  });

  const scheduleAll = (): void => {
    for (const pod of pods().objects.values()) if (pod.spec.nodeName === undefined) schedule(pod);
  };
  const schedule = (pod: Pod): void => {
    const { uid, deletionTimestamp } = pod.metadata;
    const { schedulerName = 'default-scheduler', schedulingGates = [] } = pod.spec;
    if (assumed.has(uid) || deletionTimestamp !== undefined) return;
    if (schedulerName !== 'default-scheduler' || schedulingGates.length > 0) return;
    const decision = chooseNode(pod, [...nodes.objects.values()], [...pods().objects.values(), ...assumed.values()]);
    if (decision.kind === 'none') {
      void reportUnschedulable(connection, pod, decision.message).catch(() => {});
      return;
    }
    assumed.set(uid, { ...pod, spec: { ...pod.spec, nodeName: decision.name } });
    void bind(connection, pod, decision.name).catch(() => {
      assumed.delete(uid);
      setTimeout(scheduleAll, retryMs).unref();
    });
  };
  return {
    ready: ready.promise,
    changed: (pod, before) => {
      if (pod?.spec.nodeName === undefined && pod !== undefined) schedule(pod);
      else assumed.delete((pod ?? before)?.metadata.uid ?? '');
    },
  };
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
