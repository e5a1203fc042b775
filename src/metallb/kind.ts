// This provider before it is needed. Envoy's model and the configuration service are loaded with its feed.
import type { Config } from '../config.ts';
import type { FedKind } from '../provider/kind.ts';
import { metallbKnown } from './known.ts';

export const metallbProvider = (config: Config): FedKind => ({
  ...metallbKnown(config),
  feed: async (context) => new (await import('./feed.ts')).MetallbFeed(context),
});
