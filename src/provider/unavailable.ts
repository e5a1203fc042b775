// A provider that can't work here, for example because its cloud has no region. Its classes and Gateways report this. Existing
// resources stay as they are. We try to open the provider until it can work.
import { ConfigError } from '../config.ts';
import type { ProviderContext } from './context.ts';
import type { Feed } from './feed.ts';
import { ofGateway } from './finding.ts';
import type { FedKind, LedKind, ProviderKind } from './kind.ts';
import type { Provider } from './provider.ts';

/** The first and the longest wait before the provider is opened again. Each wait is twice the previous. In milliseconds. */
const firstRetryMs = 5000;
const longestRetryMs = 60_000;

/**
 * Opens the provider. If it can't work here, the other providers still work.
 * @param onOpened called when a provider that could not work is open
 */
export async function openOrUnavailable(
  kind: LedKind,
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

/**
 * A provider that every replica feeds. Its feed begins when something needs it, and then the provider is opened.
 * @param onOpened called when it is open
 */
export function openWhenFed(
  kind: FedKind,
  begun: Promise<Feed>,
  context: ProviderContext,
  onOpened: () => void,
): Provider {
  const waiting = unavailable(kind, 'Gatehouse has just begun to work for this provider');
  let opened: Provider | undefined;
  const run = async (until: AbortSignal): Promise<void> => {
    const stopped = new Promise<undefined>((resolve) => {
      until.addEventListener('abort', () => resolve(undefined), { once: true });
      if (until.aborted) resolve(undefined);
    });
    const feed = await Promise.race([begun, stopped]);
    if (feed === undefined) return;
    opened = await feed.open(context, until);
    onOpened();
    await opened.run(until);
  };
  return { ...standIn(kind, () => opened ?? waiting), run };
}

/** Passes every call to the current provider. A pass that began before the provider was open changes nothing. */
const standIn = (kind: ProviderKind, current: () => Provider): Omit<Provider, 'run'> => ({
  ...kind,
  certificates: {
    learn: (gateway, listenerSets) => current().certificates.learn(gateway, listenerSets),
    imported: (secret) => current().certificates.imported(secret),
    configMap: (key) => current().certificates.configMap(key),
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

/** @param reason why the provider can't work, without a full stop */
function unavailable(kind: ProviderKind, reason: string): Provider {
  const effect = { kind: 'hindrance', programmed: 'Pending', upToDate: 'Unavailable', concerns: 'everything' } as const;
  const found = [ofGateway({ kind: 'provider-unavailable' }, `${reason}.`, effect)];
  return {
    ...kind,
    certificates: {
      learn: async () => found,
      imported: () => undefined,
      configMap: () => undefined,
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
