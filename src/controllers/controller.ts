// The process: connect, watch, be elected, and then run the passes until the lease or the process ends.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Namespace } from '../api/core.ts';
import { namespaces } from '../api/kinds.ts';
import { connect } from '../kube/connect.ts';
import { Elector } from '../kube/elector.ts';
import { EventRecorder } from '../kube/events.ts';
import { objectKey } from '../kube/object.ts';
import { serveTelemetry } from '../telemetry/http.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { version } from '../version.ts';
import { openCaches } from './caches.ts';
import { registerObjectMetrics } from './object-metrics.ts';
import { type ControllerOptions, runTerm, type TermContext } from './term.ts';

/** Resolves when the signal has aborted and all work has ended. @throws KubeError when the API server can't be used at all */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { config, logger, clock, random, env } = options;
  const client = await connect({ userAgent: 'gatehouse', clock, random, env });
  const { clusterName: cluster, awsControllerName: controllerName, watchNamespace } = config;
  const metrics = createMetrics();
  const caches = openCaches({ client, clock, random, logger, watchNamespace: config.watchNamespace });
  registerObjectMetrics({ registry: metrics.registry, caches, controllerName, clock });
  const state = { synced: false };
  const probes = {
    healthy: () => undefined,
    ready: () =>
      state.synced ? undefined : `waiting for the first lists of ${caches.unlisted().join(', ')} from ${client.server}`,
  };
  await serveTelemetry(
    { metrics: config.metricsBindAddr, probes: config.healthProbeBindAddr },
    metrics.registry,
    probes,
    signal,
  );
  logger.info({ version, cluster, server: client.server, controllerName, watchNamespace }, 'Gatehouse starts');
  const identity = `${hostname()}_${randomUUID()}`;
  const events = new EventRecorder({
    client,
    clock,
    random,
    logger,
    reportingController: config.awsControllerName,
    reportingInstance: hostname(),
  });
  const reflecting = caches.run(signal);
  // Nothing else can be done before, and it tells at once when the server is out of reach.
  const kubeSystem = await client.get(namespaces, objectKey({ name: 'kube-system' }), signal);
  const context: TermContext = {
    ...options,
    client,
    caches,
    metrics,
    events,
    clusterUid: uidOf(kubeSystem),
    namespace: config.leaderElectionNamespace ?? client.namespace ?? 'default',
    isLeader: () => true,
  };
  await caches.settled;
  state.synced = true;
  logger.info({ missing: caches.missing() }, 'the caches are filled');
  const recording = events.run(signal);
  if (config.enableLeaderElection) await campaign(context, identity, signal);
  else await lead(context, signal);
  await Promise.all([reflecting, recording]);
}

async function lead(context: TermContext, signal: AbortSignal): Promise<void> {
  context.metrics.leader.set(1);
  await runTerm(context, signal);
  context.metrics.leader.set(0);
}

/** A lost lease ends the term, not the process: it stands for election again. */
async function campaign(context: TermContext, identity: string, signal: AbortSignal): Promise<void> {
  const { client, clock, random, logger, namespace } = context;
  while (!signal.aborted) {
    const elector = new Elector({ client, namespace, name: 'gatehouse', identity, clock, random, logger });
    const outcome = await elector.run(
      {
        onStarted: async (term) => {
          await lead({ ...context, isLeader: () => elector.isLeader() }, term);
        },
        onNewLeader: (leader) => logger.info({ leader }, 'the leader is another'),
      },
      signal,
    );
    logger.info({ outcome }, 'the term has ended');
  }
}

/** What all that is owned is known by: without it, nothing may be. */
function uidOf({ metadata: { uid, name } }: Namespace): string {
  if (uid === undefined || uid === '') throw new Error(`The namespace ${name} has no UID`);
  return uid;
}
