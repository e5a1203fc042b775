// MetalLB's controller and speakers as pods of the cluster, with one pool of addresses.
import { applyYaml, type KubeObject, waitFor } from '../apply.ts';
import type { Connection } from '../connection.ts';
import { metallbObjects } from './manifest.ts';

export interface MetallbOptions {
  readonly admin: Connection;
  /** Blocks of addresses for Services of type LoadBalancer. */
  readonly addresses: readonly string[];
  readonly signal: AbortSignal | undefined;
}

const namespace = 'metallb-system';
const readyTimeoutMs = 60_000;

/** Resolves when Services of type LoadBalancer get addresses. */
export async function startMetallb({ admin, addresses, signal }: MetallbOptions): Promise<void> {
  await applyYaml(admin, [...(await metallbObjects(signal)), ...poolOf(addresses)]);
  const path = `/apis/apps/v1/namespaces/${namespace}`;
  const options = { timeoutMs: readyTimeoutMs, signal };
  await waitFor<Deployment>(admin, `${path}/deployments/controller`, isAvailable, options);
  await waitFor<DaemonSet>(admin, `${path}/daemonsets/speaker`, isEverywhere, options);
}

const poolOf = (addresses: readonly string[]): readonly KubeObject[] => [
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'default', namespace },
    spec: { addresses },
  },
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name: 'default', namespace },
    spec: {},
  },
];

interface Deployment {
  readonly status?: { readonly availableReplicas?: number };
}

interface DaemonSet {
  readonly status?: { readonly desiredNumberScheduled?: number; readonly numberAvailable?: number };
}

const isAvailable = (deployment: Deployment | undefined): boolean => deployment?.status?.availableReplicas === 1;

const isEverywhere = (speaker: DaemonSet | undefined): boolean => {
  const { desiredNumberScheduled = 0, numberAvailable = 0 } = speaker?.status ?? {};
  return desiredNumberScheduled > 0 && numberAvailable === desiredNumberScheduled;
};
