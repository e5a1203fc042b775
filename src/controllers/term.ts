// One term as the leader: the queues, the passes that work on them, and the slow turns of audit and sweep. All of it ends
// with the term, before another leader can begin.

import type { Config } from '../config.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock, Random } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import { KubeError } from '../kube/kube-error.ts';
import { type ObjectKey, parseObjectKey } from '../kube/object.ts';
import { WorkQueue } from '../kube/queue.ts';
import { runWorkers, type WorkHandler, type WorkResult } from '../kube/workers.ts';
import type { OpenProvider, ProviderContext } from '../provider/context.ts';
import { ProviderError } from '../provider/error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Caches } from './caches.ts';
import { reconcileEndpoints } from './endpoints.ts';
import { reconcileGateway } from './gateway.ts';
import { reconcileGatewayClass } from './gateway-class.ts';
import type { GatewayContext } from './gateway-context.ts';
import { sourcesOf } from './sources.ts';
import { tellFaults } from './tell-faults.ts';
import { connectTriggers, type Queues } from './triggers.ts';
import { Unanswered } from './unanswered.ts';

/** What the process hands to the controller. */
export interface ControllerOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly env: NodeJS.ProcessEnv;
  readonly openProvider: OpenProvider;
}

export interface TermContext extends ControllerOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  /** The UID of the namespace kube-system: which cluster this is. */
  readonly clusterUid: string;
  /** Where the Lease and our own ConfigMap are. */
  readonly namespace: string;
  /** Whether the lease is still ours, by the local clock. */
  readonly isLeader: () => boolean;
}

/** How many passes of a kind run at a time, and what metrics and logs call them. A pass mostly waits for others' answers. */
const passes = {
  gatewayClasses: { workers: 1, queue: 'gateway-class', pass: 'gatewayClasses' },
  gateways: { workers: 4, queue: 'gateway', pass: 'gateways' },
  endpoints: { workers: 4, queue: 'targets', pass: 'targets' },
} as const;

/** What failed is tried again after a second, then ever later. */
const backoff = { backoffBaseMs: 1000, backoffMaxMs: 300_000 } as const;

/** Namespaces take turns: no tenant's objects queue behind all of another's. */
const groupOf = (key: ObjectKey): string => parseObjectKey(key).namespace ?? '';

export async function runTerm(context: TermContext, signal: AbortSignal): Promise<void> {
  const { caches, client, clock, logger, metrics, events } = context;
  const queue = (name: keyof Queues) =>
    new WorkQueue<ObjectKey>({ clock, ...backoff, groupOf, metrics: metrics.queue(passes[name].queue) });
  const queues: Queues = {
    gatewayClasses: queue('gatewayClasses'),
    gateways: queue('gateways'),
    endpoints: queue('endpoints'),
  };
  const sources = sourcesOf(caches, clock);
  const provider = await context.openProvider({ ...context, ...providerDue(queues), sources }, signal);
  const { controllerName, certificates } = provider;
  const shared: Omit<GatewayContext, 'whenWanted'> = {
    client,
    clock,
    events,
    caches,
    provider,
    controllerName,
    told: new Map(),
    unanswered: new Unanswered(),
    sources: { ...sources, ...certificates },
  };
  const disconnect = connectTriggers(caches, queues, provider);
  const stopTelling = tellFaults(caches, events);
  const work = (name: keyof Queues, handler: WorkHandler<ObjectKey>) => {
    const { workers, pass } = passes[name];
    return runWorkers(queues[name], workers, measured(context, pass, handler), signal, logger.child({ pass }));
  };
  try {
    await Promise.all([
      work('gatewayClasses', (key) => reconcileGatewayClass(shared, key, signal)),
      work('gateways', (key, _, whenWanted) =>
        provider.exclusive(key, () => reconcileGateway({ ...shared, whenWanted }, key, signal)),
      ),
      work('endpoints', (service) => reconcileEndpoints(provider, service)),
      provider.run(signal),
    ]);
  } finally {
    disconnect();
    stopTelling();
    await provider.close();
  }
}

const providerDue = ({ gateways, endpoints }: Queues): Pick<ProviderContext, 'gatewayDue' | 'endpointsDue'> => ({
  gatewayDue: (gateway) => gateways.add(gateway),
  endpointsDue: (services) => {
    for (const service of services) endpoints.add(service, 'low');
  },
});

/** Times a pass, and keeps what a pass could not finish from looking like a fault of ours. */
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
