// A provider that can't work here, as one of a cloud without a region. Its classes and Gateways say so, and what exists stays
// as it is. It is opened again and again until it can work.
import { ConfigError } from '../config.ts';
import type { ProviderContext, ProviderKind } from './context.ts';
import { ofGateway } from './finding.ts';
import type { Provider } from './provider.ts';

/** It is opened again after the first of these, then after twice as long each time, up to the second. In milliseconds. */
const firstRetryMs = 5000;
const longestRetryMs = 60_000;

/**
 * Of several providers, one that can't work here keeps no other from its work.
 * @param onOpened called when a provider that could not work is open
 */
export async function openOrUnavailable(
  kind: ProviderKind,
  context: ProviderContext,
  signal: AbortSignal,
  onOpened: () => void,
): Promise<Provider> {
  const { clock, logger } = context;
  let reason = '';
  const open = async (): Promise<Provider | undefined> => {
    try {
      return await kind.open(context, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof ConfigError)) throw error;
      logger.error({ provider: kind.name }, error.message);
      reason = error.message;
      return undefined;
    }
  };
  let opened = await open();
  if (opened !== undefined) return opened;
  const run = async (until: AbortSignal): Promise<void> => {
    for (let waitMs = firstRetryMs; opened === undefined; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      await clock.sleep(waitMs, until).catch(() => undefined);
      if (until.aborted) return;
      opened = await open();
    }
    onOpened();
    await opened.run(until);
  };
  return { ...standIn(kind, () => opened ?? unavailable(kind, reason)), run };
}

/** Always does what the current provider does. A pass that began without one changes nothing. */
const standIn = (kind: ProviderKind, current: () => Provider): Omit<Provider, 'run'> => ({
  ...kind,
  certificates: {
    learn: (gateway, listenerSets) => current().certificates.learn(gateway, listenerSets),
    imported: (secret) => current().certificates.imported(secret),
    certificateOwner: (arn, gateway) => current().certificates.certificateOwner(arn, gateway),
  },
  checkClass: (gatewayClass) => current().checkClass(gatewayClass),
  ready: (gateway) => current().ready(gateway),
  facts: (accepted) => current().facts(accepted),
  model: (accepted, facts) => current().model(accepted, facts),
  apply: (gateway, derived, whenWanted) => current().apply(gateway, derived, whenWanted),
  standing: (gateway, model) => current().standing(gateway, model),
  remove: (gateway, whenWanted) => current().remove(gateway, whenWanted),
  forget: (gateway) => current().forget(gateway),
  endpoints: (service) => current().endpoints(service),
  servicesOnNodes: () => current().servicesOnNodes(),
  exclusive: (gateway, pass) => current().exclusive(gateway, pass),
  close: () => current().close(),
});

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
    checkClass: () => found,
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
