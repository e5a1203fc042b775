// One term as the leader: the queues, the passes, and the background work of providers. All of it ends with the term, before
// another leader can begin.

import type { Config } from '../config.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock, Random } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import { KubeError } from '../kube/kube-error.ts';
import { type ObjectKey, objectKey, parseObjectKey } from '../kube/object.ts';
import { WorkQueue } from '../kube/queue.ts';
import { runWorkers, type WorkHandler, type WorkResult } from '../kube/workers.ts';
import { type ProviderContext, sourcesFor } from '../provider/context.ts';
import { ProviderError } from '../provider/error.ts';
import { isFed, type ProviderKind } from '../provider/kind.ts';
import type { Provider } from '../provider/provider.ts';
import { openOrUnavailable, openWhenFed } from '../provider/unavailable.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { reconcileEndpoints } from './endpoints.ts';
import type { RunningFeed } from './feeds.ts';
import { reconcileGateway } from './gateway.ts';
import { reconcileGatewayClass } from './gateway-class.ts';
import type { GatewayContext } from './gateway-context.ts';
import type { Replica } from './replica.ts';
import { reportFaults } from './report-faults.ts';
import { reconcileStaleRoutes } from './stale-routes.ts';
import { connectTriggers, type Queues } from './triggers.ts';
import { Unanswered } from './unanswered.ts';

/** What the process gives to the controller. */
export interface ControllerOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly env: NodeJS.ProcessEnv;
  readonly providers: readonly ProviderKind[];
}

export interface TermContext extends ControllerOptions, Replica {
  readonly client: KubeClient;
  readonly metrics: Metrics;
  /** Of the providers that every replica works for. */
  readonly feeds: ReadonlyMap<ProviderKind, Pick<RunningFeed, 'begun' | 'current'>>;
  /** Events are reported under the provider's controllerName. */
  readonly eventsOf: (provider: Pick<ProviderKind, 'controllerName'>) => EventRecorder;
  /** The UID of the namespace kube-system. It identifies the cluster. */
  readonly clusterUid: string;
  /** The namespace of the Lease and of our own ConfigMap. */
  readonly namespace: string;
  /** Whether the lease is still ours, by the local clock. */
  readonly isLeader: () => boolean;
}

/** How many passes of each kind run at the same time, and their names in metrics and logs. Passes mostly wait for answers. */
const passes = {
  gatewayClasses: { workers: 1, queue: 'gateway-class', pass: 'gatewayClasses' },
  gateways: { workers: 4, queue: 'gateway', pass: 'gateways' },
  staleRoutes: { workers: 1, queue: 'stale-routes', pass: 'staleRoutes' },
  endpoints: { workers: 4, queue: 'targets', pass: 'targets' },
} as const;

/** A failed pass runs again after a second. The wait grows with each failure. */
const backoff = { backoffBaseMs: 1000, backoffMaxMs: 300_000 } as const;

/** Namespaces take turns, so that no tenant waits for all objects of another tenant. */
const groupOf = (key: ObjectKey): string => parseObjectKey(key).namespace ?? '';

export async function runTerm(context: TermContext, signal: AbortSignal): Promise<void> {
  const { caches, clock, logger, metrics, eventsOf } = context;
  const queue = (name: keyof Queues) =>
    new WorkQueue<ObjectKey>({ clock, ...backoff, groupOf, metrics: metrics.queue(passes[name].queue) });
  const queues: Queues = {
    gatewayClasses: queue('gatewayClasses'),
    gateways: queue('gateways'),
    staleRoutes: queue('staleRoutes'),
    endpoints: queue('endpoints'),
  };
  const providers = await openProviders(context, queues, signal);
  const contexts = providers.map((provider) => gatewayContext(context, provider));
  const disconnect = connectTriggers(caches, queues, providers);
  // These objects belong to no provider, so the first provider reports them.
  const stopReporting = providers.slice(0, 1).map((provider) => reportFaults(caches, eventsOf(provider)));
  const work = (name: keyof Queues, handler: WorkHandler<ObjectKey>) => {
    const { workers, pass } = passes[name];
    return runWorkers(queues[name], workers, measured(context, pass, handler), signal, logger.child({ pass }));
  };
  try {
    await Promise.all([
      work('gatewayClasses', (key) => reconcileGatewayClass(contexts, key, signal)),
      work('gateways', (key, _, whenWanted) =>
        exclusive(providers, key, () =>
          reconcileGateway(
            contexts.map((each) => ({ ...each, whenWanted })),
            key,
            signal,
          ),
        ),
      ),
      work('staleRoutes', (set) => reconcileStaleRoutes(contexts, caches, set, signal)),
      work('endpoints', (service) => reconcileEndpoints(providers, service)),
      ...providers.map((provider) => provider.run(signal)),
    ]);
  } finally {
    disconnect();
    for (const stop of stopReporting) stop();
    await Promise.all(providers.map((provider) => provider.close()));
  }
}

/** @throws ConfigError if the only provider cannot work here */
async function openProviders(context: TermContext, queues: Queues, signal: AbortSignal): Promise<readonly Provider[]> {
  const { providers: kinds, eventsOf, caches, feeds } = context;
  // A pass over an object of another provider finds nothing to do.
  const allDue = () => {
    for (const { metadata } of caches.gatewayClasses.list()) queues.gatewayClasses.add(objectKey(metadata), 'low');
    for (const { metadata } of caches.gateways.list()) queues.gateways.add(objectKey(metadata), 'low');
  };
  const open = async (kind: ProviderKind): Promise<Provider> => {
    const handed = { ...context, ...providerDue(queues), events: eventsOf(kind) };
    if (isFed(kind)) {
      const feed = feedOf(feeds, kind);
      return (await feed.current?.open(handed, signal)) ?? openWhenFed(kind, feed.begun, handed, allDue);
    }
    return kinds.length === 1 ? kind.open(handed, signal) : openOrUnavailable(kind, handed, signal, allDue);
  };
  return await Promise.all(kinds.map(open));
}

function feedOf(feeds: TermContext['feeds'], kind: ProviderKind): Pick<RunningFeed, 'begun' | 'current'> {
  const feed = feeds.get(kind);
  if (feed === undefined) throw new Error(`Expected a feed, got none for ${kind.name}`);
  return feed;
}

const gatewayContext = (
  { client, clock, caches, sources, eventsOf }: TermContext,
  provider: Provider,
): Omit<GatewayContext, 'whenWanted'> => ({
  client,
  clock,
  caches,
  events: eventsOf(provider),
  provider,
  controllerName: provider.controllerName,
  lastReported: new Map(),
  unanswered: new Unanswered(),
  sources: sourcesFor(sources, provider),
});

/** A Gateway's pass locks all providers, because the Gateway may have had another provider before. */
const exclusive = <T>(providers: readonly Provider[], key: ObjectKey, pass: () => Promise<T>): Promise<T> =>
  providers.reduce((inner, provider) => () => provider.exclusive(key, inner), pass)();

const providerDue = ({ gateways, endpoints }: Queues): Pick<ProviderContext, 'gatewayDue' | 'endpointsDue'> => ({
  gatewayDue: (gateway) => gateways.add(gateway),
  endpointsDue: (services) => {
    for (const service of services) endpoints.add(service, 'low');
  },
});

/** Measures a pass. Expected errors make it incomplete, and only unexpected errors count as failed. */
function measured({ metrics }: TermContext, pass: string, handler: WorkHandler<ObjectKey>): WorkHandler<ObjectKey> {
  return async (key, signal, whenWanted): Promise<WorkResult | undefined> => {
    const done = metrics.passes.startTimer({ pass });
    try {
      const result = await handler(key, signal, whenWanted);
      done({ result: result?.unfinished === undefined ? 'ok' : 'incomplete' });
      return result;
    } catch (error) {
      const isFault = !(error instanceof KubeError || error instanceof ProviderError);
      done({ result: isFault ? 'failed' : 'incomplete' });
      if (isFault) throw error;
      return { unfinished: error.message };
    }
  };
}
