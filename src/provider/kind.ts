// A provider before it is opened.
import type { ProviderContext } from './context.ts';
import type { Feed, FeedContext } from './feed.ts';
import type { Provider } from './provider.ts';

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
