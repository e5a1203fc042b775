// A provider that can't work here, as one of a cloud without a region. Its Gateways say so, and what exists stays as it is.
import { ConfigError } from '../config.ts';
import type { ProviderContext, ProviderKind } from './context.ts';
import { ofGateway } from './finding.ts';
import type { Provider } from './provider.ts';

/** Of several providers, one that can't work here keeps no other from its work. */
export async function openOrUnavailable(
  kind: ProviderKind,
  context: ProviderContext,
  signal: AbortSignal,
): Promise<Provider> {
  try {
    return await kind.open(context, signal);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    context.logger.error({ provider: kind.name }, error.message);
    return unavailable(kind, error.message);
  }
}

/** @param reason why not, in words without a full stop */
function unavailable(kind: ProviderKind, reason: string): Provider {
  const effect = { kind: 'hindrance', programmed: 'Pending', upToDate: 'Unavailable', concerns: 'everything' } as const;
  const found = [ofGateway({ kind: 'provider-unavailable' }, `${reason}.`, effect)];
  return {
    ...kind,
    certificates: {
      learn: async () => found,
      imported: () => undefined,
      certificateOwner: () => ({ kind: 'unknown', detail: reason, isServed: true }),
    },
    checkClass: () => [],
    ready: async () => found,
    facts: async () => ({ found }),
    // oxlint-disable-next-line require-yield -- there is nothing to model
    *model() {
      return { found, retryable: found };
    },
    apply: async () => ({ found, behind: false }),
    standing: () => nothingStands,
    remove: async () => ({ gone: false, found, held: [], behind: false }),
    forget: () => undefined,
    endpoints: async () => ({ found: [], behind: false }),
    servicesOnNodes: () => [],
    exclusive: (_gateway, pass) => pass(),
    run: async () => undefined,
    close: async () => undefined,
  };
}

const nothingStands: ReturnType<Provider['standing']> = {
  addresses: [],
  ports: new Set(),
  admits: false,
  waiting: '',
  complete: false,
  found: [],
  backendsUnknown: () => true,
  isProvisioning: false,
};
