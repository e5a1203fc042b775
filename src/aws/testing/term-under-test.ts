// A term on the embedded AWS and a cluster in memory.

import { expect } from 'vitest';
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
import { gatewayOwner } from '../model/owner.ts';
import type { Model } from '../model/resources.ts';
import { cluster, gateway as key, type Rig } from './aws-under-test.ts';

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
export async function openTerm(rig: Rig, ownGateways: Gateway[], client = new MemoryClient()) {
  const { signal } = rig;
  const secret = await tlsSecret();
  rig.kept.secrets.set(objectKey(secret.metadata), secret);
  await client.create(secrets, secret, signal);
  for (const node of nodesOf(rig)) await client.create(nodes, node, signal);
  const shared = { client, clock: systemClock, random: () => 0, logger: silentLogger };
  const caches = openCaches(shared);
  void caches.run(signal);
  await caches.settled;
  const due: ObjectKey[] = [];
  const term = {
    ...shared,
    config: readConfig(
      { 'cluster-name': cluster.clusterName, 'aws-region': rig.seed.region, 'audit-period': '1s' },
      {},
    ),
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

export const nodesOf = (rig: Pick<Rig, 'seed'>): readonly Node[] =>
  rig.seed.nodes.map(({ zone, instanceId }) => ({
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

/** Applies a model to the Gateway of these tests, or removes everything of it. */
export async function apply(cloud: Cloud, model: Model | undefined): Promise<void> {
  expect(await cloud.ready()).toEqual([]);
  expect(await cloud.place.prepare()).toMatchObject({ kind: 'known' });
  const { observed } = await cloud.observe(key);
  const owner = gatewayOwner(key);
  const { problems } = await cloud.runs.execute(owner, cloud.runs.plan(owner, model, observed));
  expect(problems).toEqual([]);
}
