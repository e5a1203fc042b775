// What the leader gives to each provider.

import type { Node, Service } from '../api/core.ts';
import type { Gateway } from '../api/gateway-api.ts';
import type { Config } from '../config.ts';
import type { Sources } from '../gateway/gather.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock, Random } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Provider } from './provider.ts';

type CertificateSources = Pick<Sources, 'imported' | 'certificateOwner' | 'certificateOption' | 'configMap'>;

/** The cluster's objects, from the caches. */
export interface ClusterSources extends Omit<Sources, keyof CertificateSources> {
  gateways(): readonly Gateway[];
  nodes(): readonly Node[];
  node(name: string): Node | undefined;
  /** The Gateways for which CA certificates of the ConfigMap matter. */
  gatewaysTrusting(configMap: ObjectKey): readonly ObjectKey[];
  /** The Services to which a load balancer controller has given the address. */
  servicesAt(address: string): readonly Service[];
}

export interface ProviderContext {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly client: KubeClient;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly sources: ClusterSources;
  /** The UID of the namespace kube-system. It identifies the cluster. */
  readonly clusterUid: string;
  /** The namespace of the Lease and of our own ConfigMap. */
  readonly namespace: string;
  /** Whether the lease is still ours, by the local clock. */
  readonly isLeader: () => boolean;
  /** Makes a Gateway's pass due. */
  readonly gatewayDue: (gateway: ObjectKey) => void;
  /** Makes the endpoints pass due for these Services. */
  readonly endpointsDue: (services: Iterable<ObjectKey>) => void;
}

/** What gather needs: the cluster's objects, and the provider's certificates. */
export const sourcesFor = (
  sources: ClusterSources,
  {
    certificates: { imported, certificateOwner, configMap },
    words: { certificateOption },
  }: Pick<Provider, 'words'> & {
    readonly certificates: Pick<Sources, 'imported' | 'certificateOwner' | 'configMap'>;
  },
): ClusterSources & Sources => ({
  ...sources,
  imported,
  certificateOwner,
  configMap,
  ...(certificateOption !== undefined && { certificateOption }),
});
