// The process: it connects, watches, waits to be elected, and runs the passes until the lease or the process ends.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Namespace } from '../api/core.ts';
import { namespaces } from '../api/kinds.ts';
import { connect } from '../kube/connect.ts';
import { Elector } from '../kube/elector.ts';
import { EventRecorder } from '../kube/events.ts';
import { objectKey } from '../kube/object.ts';
import { isFed } from '../provider/kind.ts';
import { serveTelemetry } from '../telemetry/http.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { version } from '../version.ts';
import { RunningFeed } from './feeds.ts';
import { openReplica } from './replica.ts';
import { type ControllerOptions, runTerm, type TermContext } from './term.ts';

/** Runs until the signal aborts and all work has ended. @throws KubeError if the API server cannot be used */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { config, logger, clock, random, env, providers } = options;
  const client = await connect({ userAgent: 'gatehouse', clock, random, env });
  const { clusterName: cluster, watchNamespace } = config;
  const controllerNames = new Set(providers.map(({ controllerName }) => controllerName));
  const metrics = createMetrics();
  const replica = openReplica({ client, clock, random, logger, watchNamespace, metrics, controllerNames });
  const { caches } = replica;
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
  const controllerName = [...controllerNames].join(', ');
  logger.info({ version, cluster, server: client.server, controllerName, watchNamespace }, 'Gatehouse starts');
  const identity = `${hostname()}_${randomUUID()}`;
  const reporting = { client, clock, random, logger, reportingInstance: hostname() };
  const recorders = new Map(
    [...controllerNames].map((name) => [name, new EventRecorder({ ...reporting, reportingController: name })]),
  );
  const reflecting = caches.run(signal);
  // This is the first call, so an unreachable server is noticed at once.
  const kubeSystem = await client.get(namespaces, objectKey({ name: 'kube-system' }), signal);
  const namespace = config.leaderElectionNamespace ?? client.namespace ?? 'default';
  const feeds = new Map(
    providers.filter(isFed).map((kind) => [kind, new RunningFeed(kind, { ...options, ...replica, client, namespace })]),
  );
  const context: TermContext = {
    ...options,
    ...replica,
    client,
    metrics,
    feeds,
    eventsOf: ({ controllerName: name }) => recorderOf(recorders, name),
    clusterUid: uidOf(kubeSystem),
    namespace,
    isLeader: () => true,
  };
  await caches.settled;
  const feeding = [...feeds.values()].map((feed) => feed.run(signal));
  const needed = [...feeds.values()].filter((feed) => feed.isNeeded());
  await Promise.race([Promise.all(needed.map(({ begun }) => begun)), Promise.all(feeding)]);
  state.synced = true;
  logger.info({ missing: caches.missing() }, 'the caches are filled');
  const recording = [...recorders.values()].map((recorder) => recorder.run(signal));
  if (config.enableLeaderElection) await campaign(context, identity, signal);
  else await lead(context, signal);
  await Promise.all([reflecting, ...feeding, ...recording]);
}

function recorderOf(recorders: ReadonlyMap<string, EventRecorder>, controllerName: string): EventRecorder {
  const recorder = recorders.get(controllerName);
  if (recorder === undefined) throw new Error(`Expected a provider, got ${controllerName}`);
  return recorder;
}

async function lead(context: TermContext, signal: AbortSignal): Promise<void> {
  context.metrics.leader.set(1);
  await runTerm(context, signal);
  context.metrics.leader.set(0);
}

/** A lost lease ends the term, but not the process, which takes part in the next election. */
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

/** The UID identifies everything that this cluster owns. Without it, nothing may be created. */
function uidOf({ metadata: { uid, name } }: Namespace): string {
  if (uid === undefined || uid === '') throw new Error(`The namespace ${name} has no UID`);
  return uid;
}
