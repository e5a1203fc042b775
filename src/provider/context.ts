// What the leader gives to each provider.

import type { Node } from '../api/core.ts';
import type { Gateway } from '../api/gateway-api.ts';
import type { Config } from '../config.ts';
import type { Sources } from '../gateway/gather.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock, Random } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Feed, FeedContext } from './feed.ts';
import type { Provider } from './provider.ts';

type CertificateSources = Pick<Sources, 'imported' | 'certificateOwner' | 'certificateOption'>;

/** The cluster's objects, from the caches. */
export interface ClusterSources extends Omit<Sources, keyof CertificateSources> {
  gateways(): readonly Gateway[];
  nodes(): readonly Node[];
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

/** What is known of a provider before it is opened. */
type KnownProvider = Pick<
  Provider,
  'name' | 'controllerName' | 'finalizer' | 'words' | 'capabilities' | 'supportedFeatures' | 'narrow'
>;

/** Only the leader works for it. */
export interface LedKind extends KnownProvider {
  /** @throws ConfigError when the provider can't work here at all */
  readonly open: (context: ProviderContext, signal: AbortSignal) => Promise<Provider>;
}

/** Every replica works for it. */
export interface FedKind extends KnownProvider {
  readonly feed: (context: FeedContext) => Promise<Feed>;
}

export type ProviderKind = LedKind | FedKind;

export const isFed = (kind: ProviderKind): kind is FedKind => 'feed' in kind;

/** What gather needs: the cluster's objects, and the provider's certificates. */
export const sourcesFor = (
  sources: ClusterSources,
  {
    certificates: { imported, certificateOwner },
    words: { certificateOption },
  }: Pick<Provider, 'words'> & { readonly certificates: Pick<Sources, 'imported' | 'certificateOwner'> },
): ClusterSources & Sources => ({
  ...sources,
  imported,
  certificateOwner,
  ...(certificateOption !== undefined && { certificateOption }),
});
