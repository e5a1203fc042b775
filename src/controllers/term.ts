// One term as the leader: the queues, the passes that work on them, and the slow turns of audit and sweep. All of it ends
// with the term, before another leader can begin.

import type { Gateway } from '../api/gateway-api.ts';
import { Cloud } from '../aws/cloud.ts';
import { errandOf, onErrand } from '../aws/errand.ts';
import { AwsError } from '../aws/errors.ts';
import { DEFAULT_QUOTAS } from '../aws/model/options.ts';
import { runAudit } from '../aws/sweep/audit-turns.ts';
import { runSweep } from '../aws/sweep/sweep.ts';
import { settingsDefaults } from '../config.ts';
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import { KubeError } from '../kube/kube-error.ts';
import { type ObjectKey, objectKey, parseObjectKey } from '../kube/object.ts';
import { WorkQueue } from '../kube/queue.ts';
import { runWorkers, type WorkHandler, type WorkResult } from '../kube/workers.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Caches } from './caches.ts';
import type { ControllerOptions } from './controller.ts';
import { reconcileGateway } from './gateway.ts';
import { reconcileGatewayClass } from './gateway-class.ts';
import { finalizer, type GatewayContext } from './gateway-context.ts';
import { Incomplete } from './incomplete.ts';
import { sourcesOf } from './sources.ts';
import { reconcileTargets } from './targets.ts';
import { tellFaults } from './tell-faults.ts';
import { connectTriggers, type Queues } from './triggers.ts';
import { Unanswered } from './unanswered.ts';

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

export interface CloudContext extends TermContext {
  /** The Gateways that are ours, or were and are still held by our finalizer. */
  readonly ownGateways: () => readonly Gateway[];
  /** Makes the targets pass due for these Services. */
  readonly targetsDue: (services: Iterable<ObjectKey>) => void;
  /** Makes a Gateway's pass due. */
  readonly gatewayDue: (gateway: ObjectKey) => void;
}

const isOurs = (caches: Caches, controllerName: string, { metadata, spec }: Gateway): boolean =>
  metadata.finalizers?.includes(finalizer) === true ||
  caches.gatewayClasses.get(objectKey({ name: spec.gatewayClassName }))?.spec.controllerName === controllerName;

/** Passes of one kind at a time: a Gateway's pass mostly waits for AWS, whose limits are shared anyway. */
const workers = { gatewayClasses: 1, gateways: 4, targets: 4 } as const;

/** What failed is tried again after a second, then ever later. */
const backoff = { backoffBaseMs: 1000, backoffMaxMs: 300_000 } as const;

/** Namespaces take turns: no tenant's objects queue behind all of another's. */
const groupOf = (key: ObjectKey): string => parseObjectKey(key).namespace ?? '';

export async function runTerm(context: TermContext, signal: AbortSignal): Promise<void> {
  const { config, caches, client, clock, logger, metrics, events } = context;
  const queue = (name: string) =>
    new WorkQueue<ObjectKey>({ clock, ...backoff, groupOf, metrics: metrics.queue(name) });
  const queues: Queues = {
    gatewayClasses: queue('gateway-class'),
    gateways: queue('gateway'),
    targets: queue('targets'),
  };
  const gatewayDue = (key: ObjectKey): void => queues.gateways.add(key);
  const cloud = await Cloud.open(
    {
      ...context,
      gatewayDue,
      ownGateways: () => caches.gateways.list().filter((gateway) => isOurs(caches, config.awsControllerName, gateway)),
      targetsDue: (services) => {
        for (const service of services) queues.targets.add(service, 'low');
      },
    },
    signal,
  );
  logger.info({ region: cloud.region, rateFactor: config.awsRateFactor }, 'leads: Gateways are reconciled');
  const shared: Omit<GatewayContext, 'whenWanted'> = {
    client,
    clock,
    events,
    caches,
    cloud,
    controllerName: config.awsControllerName,
    told: new Map(),
    unanswered: new Unanswered(),
    sources: sourcesOf(caches, clock, {
      imported: (secret) => cloud.shared.imported(secret),
      certificateOwner: (arn, gateway) => cloud.certificateOwners.of(arn, gateway),
    }),
    defaults: settingsDefaults(config),
    modelOptions: { clusterName: config.clusterName, clusterUid: context.clusterUid, quotas: DEFAULT_QUOTAS },
  };
  const disconnect = connectTriggers(caches, queues, () => cloud.bindings.nodeServices());
  const stopTelling = tellFaults(caches, events);
  const work = (name: keyof Queues, handler: WorkHandler<ObjectKey>) =>
    runWorkers(queues[name], workers[name], measured(context, name, handler), signal, logger.child({ pass: name }));
  metrics.watchTargets(() => cloud.targetStates());
  try {
    await Promise.all([
      work('gatewayClasses', (key) => reconcileGatewayClass(shared, key, signal)),
      work('gateways', (key, _, whenWanted) =>
        onErrand(errandOf(key), () =>
          cloud.exclusive(key, () => reconcileGateway({ ...shared, whenWanted }, key, signal)),
        ),
      ),
      work('targets', (service) =>
        onErrand(errandOf(service), () => reconcileTargets({ caches, cloud, gatewayDue }, service)),
      ),
      runAudit(context, cloud, gatewayDue, signal),
      runSweep(context, cloud, signal),
    ]);
  } finally {
    disconnect();
    metrics.watchTargets(() => []);
    stopTelling();
    await cloud.close();
  }
}

/** Times a pass, and keeps what a pass could not finish from looking like a fault of ours. */
function measured({ metrics }: TermContext, pass: string, handler: WorkHandler<ObjectKey>): WorkHandler<ObjectKey> {
  return async (key, signal, whenWanted): Promise<WorkResult | undefined> => {
    const done = metrics.passes.startTimer({ pass });
    try {
      const result = await handler(key, signal, whenWanted);
      done({ result: 'ok' });
      return result;
    } catch (error) {
      const unfinished = unfinishedWork(error);
      done({ result: unfinished === undefined ? 'failed' : 'incomplete' });
      if (unfinished === undefined) throw error;
      return unfinished;
    }
  };
}

/** Undefined for a fault of ours. */
function unfinishedWork(error: unknown): WorkResult | undefined {
  if (error instanceof Incomplete) {
    const { message, retryAfterMs } = error;
    return { unfinished: message, ...(retryAfterMs !== undefined && { requeueAfterMs: retryAfterMs }) };
  }
  return error instanceof KubeError || error instanceof AwsError ? { unfinished: error.message } : undefined;
}
