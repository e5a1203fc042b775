// What Gateways share in AWS, and who removes it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import type { EndpointSlice, Node, Secret } from '../api/core.ts';
import type { Gateway } from '../api/gateway-api.ts';
import { endpointSlices, nodes, secrets } from '../api/kinds.ts';
import { diff } from '../aws/diff/diff.ts';
import { awsUnderTest, cluster, gateway as key } from '../aws/testing/aws-under-test.ts';
import { readConfig } from '../config.ts';
import { systemClock } from '../kube/clock.ts';
import { EventRecorder } from '../kube/events.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { MemoryClient } from '../kube/testing/memory-client.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { openCaches } from './caches.ts';
import { Cloud } from './cloud.ts';
import { reconcileTargets } from './targets.ts';

const secret = objectKey({ namespace: 'shop', name: 'tls' });

const gatewayWith = (name: string, certificate: string): Gateway => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { namespace: 'shop', name },
  spec: {
    gatewayClassName: 'aws',
    listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: certificate }] } }],
  },
});

let it: Awaited<ReturnType<typeof awsUnderTest>>;
let stop: AbortController;
beforeEach(async () => {
  it = await awsUnderTest();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await it.close();
});

/** A term whose cluster has these Gateways. */
async function openTerm(ownGateways: Gateway[], client = new MemoryClient()) {
  const { signal } = stop;
  await client.create(secrets, await tlsSecret(), signal);
  for (const node of seededNodes()) await client.create(nodes, node, signal);
  const shared = { client, clock: systemClock, random: () => 0, logger: silentLogger };
  const caches = openCaches(shared);
  void caches.run(signal);
  await caches.settled;
  const term = {
    ...shared,
    config: readConfig({ 'cluster-name': cluster.clusterName, 'aws-region': it.seed.region }, {}),
    env: { AWS_EC2_METADATA_DISABLED: 'true' },
    caches,
    metrics: createMetrics(),
    events: new EventRecorder({ ...shared, reportingController: 'gatehouse.dev/aws', reportingInstance: 'test' }),
    clusterUid: cluster.clusterUid,
    namespace: 'gatehouse-system',
    isLeader: () => true,
    ownGateways: () => ownGateways,
    targetsDue: () => undefined,
  };
  const due: ObjectKey[] = [];
  return {
    ...term,
    cloud: await Cloud.open(term, signal),
    due,
    gatewayDue: (gateway: ObjectKey) => void due.push(gateway),
  };
}

const openCloud = async (ownGateways: Gateway[]): Promise<Cloud> => (await openTerm(ownGateways)).cloud;

const seededNodes = (): readonly Node[] =>
  it.seed.nodes.map(({ zone, instanceId }) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: instanceId },
    spec: { providerID: `aws:///${zone}/${instanceId}` },
  }));

async function tlsSecret(): Promise<Secret> {
  const { certificatePem, privateKey } = await selfSigned(
    ['shop.example.com'],
    'EC_prime256v1',
    Date.now() - 1000,
    '11',
  );
  const encoded = (text: string) => Buffer.from(text).toString('base64');
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
async function bring(cloud: Cloud, model: Parameters<typeof diff>[0]): Promise<void> {
  expect(await cloud.ready()).toEqual([]);
  expect(await cloud.network()).toMatchObject({ kind: 'known' });
  const { observed } = await cloud.observe(key);
  const { problems } = await cloud.execute(key, diff(model, observed, cloud.diffOptions));
  expect(problems).toEqual([]);
}

const certificates = () => [...it.aws.world().acm.certificates.values()];
/** The ports to which the nodes admit load balancers, ends of ranges. */
const admitted = (): number[] => {
  const rules = [...it.aws.world().ec2.securityGroupRules.values()].filter(
    ({ groupId, tags }) => groupId === it.seed.nodeSecurityGroupId && tags.has('gatehouse.dev/resource'),
  );
  return [...new Set(rules.flatMap(({ fromPort, toPort }) => [fromPort ?? 0, toPort ?? 0]))].toSorted((a, b) => a - b);
};
const ourGroups = () =>
  [...it.aws.world().ec2.securityGroups.values()].filter(({ tags }) => tags.has('gatehouse.dev/resource'));

test('a certificate goes with the last Gateway that refers to its Secret, and no sooner', async () => {
  const first = gatewayWith('web', 'tls');
  const second = gatewayWith('other', 'tls');
  const all = [first, second];
  const cloud = await openCloud(all);
  await bring(cloud, it.model({ secret }));
  expect(await cloud.releaseShared()).toEqual({ problems: [] });
  expect(certificates()).toHaveLength(1);
  await bring(cloud, undefined);
  await cloud.releaseShared(key);
  expect(certificates()).toHaveLength(1);
  all.splice(0, 2, gatewayWith('other', 'another'));
  await cloud.releaseShared();
  expect(certificates()).toEqual([]);
});

test('a certificate that a listener still serves, though its Gateway names another, keeps no other Gateway from going', async () => {
  const cloud = await openCloud([gatewayWith('web', 'another')]);
  await bring(cloud, it.model({ secret }));
  const before = it.aws.calls.counts().byAction;
  const leaving = objectKey({ namespace: 'shop', name: 'leaving' });
  expect(await cloud.releaseShared(leaving)).toEqual({ problems: [] });
  expect(it.aws.calls.counts().byAction).toEqual(before);
  expect(certificates()).toHaveLength(1);
});

test('the last Gateway takes the group that all targets admit with it', async () => {
  const cloud = await openCloud([gatewayWith('web', 'tls')]);
  await bring(cloud, it.model());
  expect(ourGroups()).toHaveLength(2);
  await bring(cloud, undefined);
  expect(await cloud.releaseShared(key)).toEqual({ problems: [] });
  expect(ourGroups()).toEqual([]);
});

test('what is shared stays while a load balancer of this cluster stands, whoever made it', async () => {
  const cloud = await openCloud([gatewayWith('web', 'tls')]);
  await bring(cloud, it.model());
  const before = ourGroups();
  expect(await cloud.releaseShared(key)).toEqual({ problems: [] });
  expect(ourGroups()).toEqual(before);
});

test('targets that go are shut out only when AWS has been told to send them nothing more, and a group removed by hand is made anew', async () => {
  const client = new MemoryClient();
  const slice = (port: number, address: string): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'api-1', labels: { 'kubernetes.io/service-name': 'api' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], nodeName: it.seed.nodes[0]?.instanceId ?? '', conditions: { ready: true } }],
    ports: [{ name: '', port, protocol: 'TCP' }],
  });
  const first = await client.create(endpointSlices, slice(8080, '10.0.1.50'), stop.signal);
  const term = await openTerm([gatewayWith('web', 'tls')], client);
  const { cloud, caches } = term;
  const service = objectKey({ namespace: 'shop', name: 'api' });
  const backend = { service, port: 80, portName: '', protocol: 'HTTP1', local: false, ipFamily: 'IPv4' } as const;
  const { gateway, resources } = it.model();
  const model = {
    gateway,
    resources: resources.map((each) => (each.kind === 'target-group' ? { ...each, backend } : each)),
  };
  await bring(cloud, model);
  expect(await cloud.settle(key, model)).toEqual([]);
  await reconcileTargets(term, service);
  expect(admitted()).toEqual([8080]);

  const seen: number[][] = [];
  cloud.clients.elbv2.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        if (commandName.startsWith('Deregister')) seen.push(admitted());
        return next(args);
      },
    { step: 'initialize', name: 'watched' },
  );
  await client.update(endpointSlices, { ...slice(9090, '10.0.1.51'), metadata: { ...first.metadata } }, stop.signal);
  await expect.poll(() => caches.endpointSlices.list()[0]?.ports?.[0]?.port).toBe(9090);
  await reconcileTargets(term, service);
  expect(seen).toEqual([[8080, 9090]]);
  expect(admitted()).toEqual([9090]);

  const [arn = ''] = it.aws.world().elbv2.targetGroups.keys();
  it.aws.world().elbv2.targetGroups.delete(arn);
  cloud.membership.forget(arn);
  await reconcileTargets(term, service);
  expect(term.due).toEqual([key]);
  expect(cloud.inventory.get(arn)).toBeUndefined();
});

test('a Service that no Gateway has to do with costs no call', async () => {
  const term = await openTerm([]);
  await reconcileTargets(term, objectKey({ namespace: 'shop', name: 'batch' }));
  expect(it.aws.calls.counts().total).toBe(0);
});

test('an API server that fails once while the term opens does not stop the term', async () => {
  const client = new MemoryClient();
  const { cloud } = await openTerm([], client);
  client.intercept = () => Promise.reject(new Error('the API server is away'));
  await expect(cloud.ready()).rejects.toThrow('away');
  client.intercept = () => undefined;
  expect(await cloud.ready()).toEqual([]);
});

test('a term that ends in order keeps what it has just learned of the targets, and one that has lost its lease writes nothing', async () => {
  for (const isLeader of [true, false]) {
    const client = new MemoryClient();
    const term = await openTerm([], client);
    const cloud = await Cloud.open({ ...term, isLeader: () => isLeader }, stop.signal);
    cloud.membership.confirm('arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/api/1', [
      { id: '10.0.0.1', port: 80 },
    ]);
    stop.abort();
    await cloud.close();
    expect(client.actions.some((action) => action.endsWith('gatehouse-system/gatehouse-targets'))).toBe(isLeader);
    stop = new AbortController();
  }
});
