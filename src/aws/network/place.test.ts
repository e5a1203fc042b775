import { beforeEach, expect, test } from 'vitest';
import type { Node } from '../../api/core.ts';
import type { Gateway } from '../../api/gateway-api.ts';
import { readConfig } from '../../config.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { silentLogger } from '../../kube/testing/silent-logger.ts';
import { type Controller, cluster, eachTestOnAws } from '../testing/aws-under-test.ts';
import { findRegion, instanceOf, otherRegion, Place } from './place.ts';

const { signal } = new AbortController();
const noMetadata = { AWS_EC2_METADATA_DISABLED: 'true' };
const config = readConfig({ 'cluster-name': 'demo' }, {});

function node(providerID: string, labels: Readonly<Record<string, string>> = {}): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: providerID, labels }, spec: { providerID } };
}

const onEc2 = node('aws:///us-west-2b/i-0123');
const fargate = node('aws:///us-west-2b/1a2b3c/fargate-ip-10-0-0-1');
const local = node('aws:///us-west-2-lax-1a/i-4567', { 'topology.kubernetes.io/region': 'us-west-2' });

test('a Node is an EC2 instance by its provider id; on Fargate it is none', () => {
  expect([onEc2, fargate, local].map(instanceOf)).toEqual(['i-0123', undefined, 'i-4567']);
});

test.each([
  ['the flag', { 'aws-region': 'eu-north-1' }, { AWS_REGION: 'sa-east-1' }, [onEc2], 'eu-north-1'],
  ['AWS_REGION', {}, { AWS_REGION: 'sa-east-1' }, [onEc2], 'sa-east-1'],
  ['AWS_DEFAULT_REGION', {}, { AWS_DEFAULT_REGION: 'sa-east-1' }, [onEc2], 'sa-east-1'],
  ["a Node's zone", {}, {}, [fargate, onEc2], 'us-west-2'],
  ["a Node's label", {}, {}, [local], 'us-west-2'],
] as const)('the region is found by %s', async (_, given, env, nodes, expected) => {
  const own = readConfig({ 'cluster-name': 'demo', ...given }, {});
  expect(await findRegion(own, nodes, { ...noMetadata, ...env }, signal)).toBe(expected);
});

test('if nothing shows the region, the error names the flag to set', async () => {
  await expect(findRegion(config, [fargate], noMetadata, signal)).rejects.toThrow('--aws-region is required');
});

const rig = eachTestOnAws();

let controller: Controller;
beforeEach(async () => {
  controller = await rig.start();
});

const place = (clock: FakeClock, nodes: readonly Node[], own = config) =>
  new Place({
    config: own,
    clients: controller.clients,
    cluster,
    region: rig.seed.region,
    nodes: () => nodes,
    clock,
    logger: silentLogger,
    env: noMetadata,
    signal,
  });

const seeded = () => rig.seed.nodes.map(({ zone, instanceId }) => node(`aws:///${zone}/${instanceId}`));

test('the network is that of the first Node that EC2 knows, read once by all who ask, and again after an audit period', async () => {
  const clock = new FakeClock();
  const calls: number[] = [];
  rig.kept.mayCall = () => void calls.push(clock.now());
  const here = place(clock, [fargate, node('aws:///us-east-1a/i-0badbadbadbadbad0'), ...seeded()]);
  const [first, second] = await Promise.all([here.prepare(), here.prepare()]);
  expect(first).toMatchObject({ kind: 'known', network: { vpcId: rig.seed.vpcId, region: rig.seed.region } });
  expect(second).toBe(first);
  const read = calls.length;
  await clock.advance(config.auditPeriod - 1);
  await here.prepare();
  expect(calls).toHaveLength(read);
  await clock.advance(1);
  await here.prepare();
  expect(calls.length).toBeGreaterThan(read);
});

test('without a Node on EC2 the VPC is unknown, and asked for again', async () => {
  const nodes: Node[] = [];
  const here = place(new FakeClock(), nodes);
  expect(await here.prepare()).toEqual({
    kind: 'unknown',
    problems: [{ kind: 'vpc-unknown', region: rig.seed.region }],
  });
  nodes.push(...seeded());
  expect(await here.prepare()).toMatchObject({ kind: 'known' });
});

test('a VPC that AWS does not know is a problem of the Gateway, not a fault of the pass', async () => {
  const elsewhere = readConfig({ 'cluster-name': 'demo', 'aws-vpc-id': 'vpc-0badbadbadbadbad0' }, {});
  const result = await place(new FakeClock(), [], elsewhere).prepare();
  expect(result).toMatchObject({ kind: 'unknown', problems: [{ kind: 'cloud-refused' }] });
});

test('to look at the network creates no security group, and to prepare it creates one', async () => {
  const here = place(new FakeClock(), seeded());
  const groups = () => rig.aws.world().ec2.securityGroups.size;
  const before = groups();
  expect(await here.network()).toEqual({ kind: 'unknown', problems: [] });
  expect(groups()).toBe(before);
  const prepared = await here.prepare();
  expect(prepared).toMatchObject({ kind: 'known' });
  expect(groups()).toBe(before + 1);
  expect(await here.network()).toBe(prepared);
  expect(await place(new FakeClock(), seeded()).network()).toMatchObject({ kind: 'known' });
  expect(groups()).toBe(before + 1);
});

test('a Gateway whose load balancer is in another region is not touched from here', () => {
  const gateway = (address: string): Gateway => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { namespace: 'shop', name: 'web' },
    spec: { gatewayClassName: 'aws', listeners: [] },
    status: { addresses: [{ type: 'Hostname', value: address }] },
  });
  expect(otherRegion(gateway('internal-web-1.eu-west-1.elb.amazonaws.com'), 'eu-west-1')).toEqual([]);
  expect(otherRegion(gateway('web-1.cn-north-1.elb.amazonaws.com.cn'), 'eu-west-1')).toMatchObject([
    { kind: 'region-changed', there: 'cn-north-1', here: 'eu-west-1' },
  ]);
  expect(otherRegion(gateway('192.0.2.1'), 'eu-west-1')).toEqual([]);
});
