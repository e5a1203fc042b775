// Nodes like a kubelet's: registered, Ready, and with a heartbeat. Without it, the controller manager treats them as dead
// after 40 seconds. https://kubernetes.io/docs/concepts/architecture/nodes/#node-heartbeats
import { setTimeout as sleep } from 'node:timers/promises';
import { applyYaml } from '../apply.ts';
import type { Connection } from '../connection.ts';
import type { NodePlace } from './network.ts';

export interface NodePlan extends NodePlace {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Such as `aws:///us-east-1a/i-0123`. */
  readonly providerId?: string;
}

const heartbeatMs = 10_000;
const leaseSeconds = 40;

/** Registers a node, and renews its Lease until the signal aborts. Resolves when the node is Ready. */
export async function keepNode(
  connection: Connection,
  node: NodePlan,
  kubeletPort: number,
  signal: AbortSignal,
): Promise<void> {
  await applyYaml(connection, [
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: node.name, labels: { 'kubernetes.io/hostname': node.name, ...systemLabels, ...node.labels } },
      ...(node.providerId !== undefined && { spec: { providerID: node.providerId } }),
    },
  ]);
  await heartbeat(connection, node.name);
  await connection.request('PATCH', `/api/v1/nodes/${node.name}/status`, {
    contentType: 'application/strategic-merge-patch+json',
    body: { status: nodeStatus(node, kubeletPort) },
  });
  void (async () => {
    while (!signal.aborted) {
      await sleep(heartbeatMs, undefined, { signal }).catch(() => {});
      if (!signal.aborted) await heartbeat(connection, node.name).catch(() => {});
    }
  })();
}

const systemLabels = {
  'kubernetes.io/os': 'linux',
  'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
};

async function heartbeat(connection: Connection, name: string): Promise<void> {
  await applyYaml(connection, [
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: 'kube-node-lease' },
      spec: {
        holderIdentity: name,
        leaseDurationSeconds: leaseSeconds,
        renewTime: new Date().toISOString().replace('Z', '000Z'),
      },
    },
  ]);
}

function nodeStatus({ name, address, ipv6 }: NodePlan, kubeletPort: number): object {
  const resources = { cpu: '2', memory: '8Gi', 'ephemeral-storage': '20Gi', pods: '110' };
  const now = new Date().toISOString();
  const condition = (type: string, status: 'True' | 'False', reason: string): object => ({
    type,
    status,
    reason,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    capacity: resources,
    allocatable: resources,
    conditions: [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
      condition('Ready', 'True', 'KubeletReady'),
    ],
    addresses: [
      { type: 'InternalIP', address },
      ...(ipv6 ? [{ type: 'InternalIP', address: ipv6.address }] : []),
      { type: 'Hostname', address: name },
      // A patch merges this list by type, but a node may have two addresses of one type. So the list is replaced.
      { $patch: 'replace' },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
  };
}
