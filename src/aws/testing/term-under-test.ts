// A term on the embedded AWS and a cluster in memory.

import { afterEach, beforeEach, expect } from 'vitest';
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts';
import type { Node, Secret } from '../../api/core.ts';
import type { Gateway } from '../../api/gateway-api.ts';
import { nodes, secrets } from '../../api/kinds.ts';
import { readConfig } from '../../config.ts';
import { openCaches } from '../../controllers/caches.ts';
import { sourcesOf } from '../../controllers/sources.ts';
import { systemClock } from '../../kube/clock.ts';
import { EventRecorder } from '../../kube/events.ts';
import { type ObjectKey, objectKey } from '../../kube/object.ts';
import { MemoryClient } from '../../kube/testing/memory-client.ts';
import { silentLogger } from '../../kube/testing/silent-logger.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { Cloud } from '../cloud.ts';
import { diff } from '../diff/diff.ts';
import { gatewayOwner } from '../model/owner.ts';
import type { Model } from '../model/resources.ts';
import { awsUnderTest, cluster, gateway as key } from './aws-under-test.ts';

type Aws = Awaited<ReturnType<typeof awsUnderTest>>;

/** Gives each test of a file an AWS of its own, and a signal that aborts when the test ends. */
export function eachTestOnAws() {
  let aws: Aws;
  let stop: AbortController;
  beforeEach(async () => {
    aws = await awsUnderTest();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await aws.close();
  });
  return {
    get aws(): Aws {
      return aws;
    },
    get signal(): AbortSignal {
      return stop.signal;
    },
    abort: (): void => stop.abort(),
  };
}

export const gatewayWith = (name: string, certificate: string): Gateway => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name },
  spec: {
    gatewayClassName: 'aws',
    listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: certificate }] } }],
  },
});

/** A term whose cluster has these Gateways. */
export async function openTerm(it: Aws, signal: AbortSignal, ownGateways: Gateway[], client = new MemoryClient()) {
  const secret = await tlsSecret();
  it.kept.secrets.set(objectKey(secret.metadata), secret);
  await client.create(secrets, secret, signal);
  for (const node of nodesOf(it)) await client.create(nodes, node, signal);
  const shared = { client, clock: systemClock, random: () => 0, logger: silentLogger };
  const caches = openCaches(shared);
  void caches.run(signal);
  await caches.settled;
  const due: ObjectKey[] = [];
  const term = {
    ...shared,
    config: readConfig({ 'cluster-name': cluster.clusterName, 'aws-region': it.seed.region, 'audit-period': '1s' }, {}),
    env: { AWS_EC2_METADATA_DISABLED: 'true' },
    caches,
    sources: sourcesOf(caches, systemClock),
    metrics: createMetrics(),
    events: new EventRecorder({ ...shared, reportingController: 'gatehouse.dev/aws', reportingInstance: 'test' }),
    clusterUid: cluster.clusterUid,
    namespace: 'gatehouse-system',
    isLeader: () => true,
    ownGateways: () => ownGateways,
    endpointsDue: () => undefined,
    gatewayDue: (gateway: ObjectKey) => void due.push(gateway),
  };
  return {
    ...term,
    cloud: await Cloud.open(term, signal),
    due,
  };
}

export const nodesOf = (it: Pick<Aws, 'seed'>): readonly Node[] =>
  it.seed.nodes.map(({ zone, instanceId }) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: instanceId },
    spec: { providerID: `aws:///${zone}/${instanceId}` },
  }));

const encoded = (text: string): string => Buffer.from(text).toString('base64');

async function tlsSecret(): Promise<Secret> {
  const { certificatePem, privateKey } = await selfSigned(
    ['shop.example.com'],
    'EC_prime256v1',
    Date.now() - 1000,
    '11',
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'tls' },
    type: 'kubernetes.io/tls',
    data: {
      'tls.crt': encoded(certificatePem),
      'tls.key': encoded(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    },
  };
}

/** Brings what AWS has of the Gateway to a model of its own, or to nothing. */
export async function bring(cloud: Cloud, model: Model | undefined): Promise<void> {
  expect(await cloud.ready()).toEqual([]);
  expect(await cloud.place.prepare()).toMatchObject({ kind: 'known' });
  const { observed } = await cloud.observe(key);
  const owner = gatewayOwner(key);
  const { problems } = await cloud.execute(owner, diff(model, observed, cloud.diffOptions(owner)));
  expect(problems).toEqual([]);
}
