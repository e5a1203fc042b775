// The sweeper on real parts, with a clock that the test advances, because its looks are minutes apart.

import type { Environment } from '../../../localstack/environment.ts';
import { namespaces } from '../../../src/api/kinds.ts';
import { Cloud } from '../../../src/aws/cloud.ts';
import { sweepOnce } from '../../../src/aws/sweep/sweep.ts';
import type { Sighting } from '../../../src/aws/sweep/sweep-decision.ts';
import { sweepMs } from '../../../src/aws/timings.ts';
import { readConfig } from '../../../src/config.ts';
import { openCaches } from '../../../src/controllers/caches.ts';
import { sourcesOf } from '../../../src/controllers/sources.ts';
import { type Clock, systemClock } from '../../../src/kube/clock.ts';
import { connect } from '../../../src/kube/connect.ts';
import { EventRecorder } from '../../../src/kube/events.ts';
import type { ObjectKey } from '../../../src/kube/object.ts';
import { objectKey } from '../../../src/kube/object.ts';
import { silentLogger } from '../../../src/kube/testing/silent-logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

export interface Sweeper {
  /** Looks once, and acts on this look and the previous one. */
  look(): Promise<void>;
  /** Advances time by the pause between two looks. */
  later(): void;
  stop(): Promise<void>;
}

export async function startSweeper(
  rig: Environment,
  flags: Readonly<Record<string, string>> = {},
  clusterUid?: string,
): Promise<Sweeper> {
  const stop = new AbortController();
  const { signal } = stop;
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
  const config = readConfig({ 'cluster-name': rig.seed.clusterName, 'aws-region': rig.seed.region, ...flags }, {});
  // The SDK reads these only from the process.
  process.env['AWS_ENDPOINT_URL'] = rig.aws.url;
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  const env = { AWS_EC2_METADATA_DISABLED: 'true' };
  const shared = { clock, random: Math.random, logger: silentLogger };
  const client = await connect({ ...shared, kubeconfig: rig.cluster.kubeconfig, userAgent: 'gatehouse/test', env });
  const caches = openCaches({ ...shared, client, watchNamespace: config.watchNamespace });
  const reflecting = caches.run(signal);
  await caches.settled;
  const kubeSystem = await client.get(namespaces, objectKey({ name: 'kube-system' }), signal);
  const context = {
    ...shared,
    config,
    env,
    client,
    sources: sourcesOf(caches, clock),
    metrics: createMetrics(),
    events: new EventRecorder({
      ...shared,
      client,
      reportingController: 'gatehouse.dev/aws',
      reportingInstance: 'test',
    }),
    clusterUid: clusterUid ?? kubeSystem.metadata.uid ?? '',
    namespace: 'kube-system',
    isLeader: () => true,
    ownGateways: () => caches.gateways.list(),
    endpointsDue: (_services: Iterable<ObjectKey>) => undefined,
    gatewayDue: (_gateway: ObjectKey) => undefined,
  };
  const cloud = await Cloud.open(context, signal);
  let previous: Sighting | undefined;
  return {
    look: async () => {
      previous = await sweepOnce(context, cloud, previous, signal);
    },
    later: () => {
      ahead += sweepMs;
    },
    stop: async () => {
      stop.abort();
      await reflecting;
      await cloud.close();
    },
  };
}
