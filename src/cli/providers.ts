// The providers that a process may have. Each is loaded only if it is chosen, because AWS's clients need much memory.
import type { Config, providerNames } from '../config.ts';
import type { ProviderKind } from '../provider/kind.ts';

const offered: Readonly<Record<(typeof providerNames)[number], (config: Config) => Promise<ProviderKind>>> = {
  aws: async (config) => (await import('../aws/provider.ts')).awsProvider(config),
  metallb: async (config) => (await import('../metallb/kind.ts')).metallbProvider(config),
};

export const chosenProviders = (config: Config): Promise<readonly ProviderKind[]> =>
  Promise.all(config.providers.map((name) => offered[name](config)));
