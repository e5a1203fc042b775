// Configured health checks: the load balancer asks the pods by HTTP, and a change of the check replaces nothing.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ownBlocks } from '../../localstack/aws/dataplane/own-blocks.ts';
import { mapAddress, parseMapping } from '../../localstack/aws/dataplane/target-address.ts';
import { delegateSubnets } from '../../localstack/vpc-nodes.ts';
import { awsOf } from './support/aws.ts';
import { askTcp, keepAsking, startPod } from './support/connections.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { connectionRoute, gateway, loadBalancerConfiguration, parametersRef } from './support/objects.ts';
import { programmed } from './support/status.ts';

vi.setConfig({ testTimeout: 120_000 });

const blocks = ownBlocks(process.pid);
const mapping = `10.0.0.0/16=${blocks.targets}`;
const portOffset = 10_000;

let rig: Rig;
const pods: { stop(): void }[] = [];

beforeAll(async () => {
  const dataPlane = { addresses: blocks.addresses, portOffset, mapTargets: [mapping] };
  // Without the latency nobody could see what is done first.
  const faults = { rules: [{ kind: 'latency', ms: 3000, action: 'ModifyTargetGroup' } as const] };
  rig = await startRig({ aws: { dataPlane, faults, networkRegistrationSeconds: 1, releaseSeconds: 1 } });
  // The pods' addresses are the nodes'.
  delegateSubnets(rig.aws.world(), rig.seed);
});
afterAll(async () => {
  for (const pod of pods) pod.stop();
  await rig.stop();
});

/** Makes a pod answer `/ready` on this port with this status. */
async function answerReady(address: string, port: number, status: number): Promise<void> {
  const server = createServer(({ url }, response) => response.writeHead(url === '/ready' ? status : 404).end());
  server.listen(port, mapAddress([parseMapping(mapping)], address));
  await once(server, 'listening');
  pods.push({ stop: () => void server.close() });
}

const configure = (ns: string, targetGroupHealthCheck: object) =>
  rig.apply([loadBalancerConfiguration(ns, 'own', { targetGroupHealthCheck })]);

test('an NLB asks by HTTP on another port if the configuration says so, and changes of the check lose no connection', async () => {
  const ns = await rig.freshNamespace('checked');
  const check = { protocol: 'HTTP', port: 9000, path: '/ready', intervalSeconds: 5, timeoutSeconds: 2 };
  await configure(ns, check);
  const addresses = await rig.backend(ns, 'db');
  for (const [index, address] of addresses.entries()) {
    pods.push(await startPod([parseMapping(mapping)], address, 8080, `pod ${index}`));
    await answerReady(address, 9000, index === 0 ? 200 : 503);
    await answerReady(address, 9001, 200);
  }
  const gw = gateway(ns, 'gw', [{ name: 'db', port: 5432, protocol: 'TCP' }], {
    infrastructure: { parametersRef: parametersRef('own') },
  });
  await rig.apply([gw, connectionRoute('TCP', ns, 'db', [{ name: 'gw', sectionName: 'db' }], { db: 1 })]);
  await programmed(rig, gw);
  const groups = () =>
    awsOf(rig, `${ns}/gw`)
      .targetGroups.map(({ group }) => group)
      .filter(({ targets }) => targets.size);
  const states = () => groups().flatMap(({ targets }) => [...targets.values()].map(({ checked }) => checked?.State));
  await eventually(() => expect(new Set(states())).toEqual(new Set(['healthy', 'unhealthy'])), 30_000);
  const [before] = groups();

  const { arn } = awsOf(rig, `${ns}/gw`).loadBalancers[0] ?? {};
  const host = rig.aws.reachable().find((each) => each.arn === arn)?.address ?? '';
  const clients = keepAsking(() => askTcp(host, portOffset + 5432));
  await eventually(() => expect(clients.answers.get('pod 0')).toBeGreaterThan(20));
  expect(clients.answers.get('pod 1')).toBeUndefined();

  await configure(ns, { ...check, matcher: { httpCode: '200,503' } });
  await eventually(() => expect(states()).toEqual(['healthy', 'healthy']), 30_000);
  await eventually(() => expect(clients.answers.get('pod 1')).toBeGreaterThan(0));

  // The nodes admit the load balancer to the new port before AWS checks there.
  await configure(ns, { ...check, port: 9001 });
  const admits9001 = () => [...rig.aws.world().ec2.securityGroupRules.values()].some((each) => each.fromPort === 9001);
  await eventually(() => expect(admits9001()).toBe(true));
  expect(groups().map(({ healthCheck }) => healthCheck.port)).toEqual(['9000']);
  await eventually(() => expect(groups().map(({ healthCheck }) => healthCheck.port)).toEqual(['9001']));
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  expect(states()).toEqual(['healthy', 'healthy']);
  expect(await clients.stop()).toEqual([]);
  expect(groups().map((each) => each.arn)).toEqual([before?.arn]);
});

test.each([
  { check: { intervalSeconds: 10, timeoutSeconds: 10 }, says: 'timeoutSeconds must be less than intervalSeconds' },
  { check: { protocol: 'TCP', path: '/' }, says: 'path and matcher cannot be used with protocol TCP' },
  { check: { matcher: { httpCode: '299-200' } }, says: 'a range must begin with its lower code' },
  { check: { healthyThresholdCount: 11 }, says: 'healthyThresholdCount' },
])('the API server refuses $check', async ({ check, says }) => {
  await expect(configure('default', check)).rejects.toThrow(says);
});
