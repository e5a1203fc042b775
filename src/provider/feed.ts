// What every replica does for a provider, whether it leads or waits: it derives each Gateway from its own caches, and serves the
// result itself. The leader's passes go on beside it, and neither waits for the other.

import type { Topology } from '../gateway/topology.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { ProviderContext } from './context.ts';
import type { Provider, ProviderCertificates, Stages } from './provider.ts';

export interface FeedContext
  extends Pick<ProviderContext, 'config' | 'env' | 'clock' | 'random' | 'logger' | 'client' | 'sources' | 'namespace'> {
  /** Makes a Gateway due, because something has changed that the shared caches do not have. */
  readonly gatewayDue: (gateway: ObjectKey) => void;
}

export interface Feed<T extends Topology = Topology, Facts = unknown, Model = unknown> extends Stages<T, Facts, Model> {
  readonly certificates: Omit<ProviderCertificates, 'learn'>;
  /** Resolves when its own caches are filled. Gateways are derived after that. */
  readonly settled: Promise<unknown>;
  /** Fills its caches and serves, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  publish(gateway: ObjectKey, model: Model): void;
  /** The Gateway is gone, or belongs to another provider. */
  withdraw(gateway: ObjectKey): void;
  /** Publishes the members of the Service, and nothing else. */
  endpoints(service: ObjectKey): void;
  /** Begins a term as the leader. */
  open(context: ProviderContext, signal: AbortSignal): Promise<Provider>;
}
