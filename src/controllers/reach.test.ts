import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EndpointSlice, Node } from '../api/core.ts';
import { resourceId } from '../aws/model/naming.ts';
import type { TargetGroupResource } from '../aws/model/resources.ts';
import { awsUnderTest, type Controller } from '../aws/testing/aws-under-test.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { Reaches } from './reach.ts';

let it: Awaited<ReturnType<typeof awsUnderTest>>;
let controller: Controller;
beforeAll(async () => {
  it = await awsUnderTest();
  controller = await it.start();
});
afterAll(() => it.close());

function group(targetType: 'ip' | 'instance'): TargetGroupResource {
  const [resource] = it
    .model()
    .resources.filter((each) => each.kind === 'target-group')
    .map((each) => ({ ...each, spec: { ...each.spec, targetType } }));
  if (resource === undefined) throw new Error('Expected a target group');
  return { ...resource, id: resourceId('target-group', 'internal', targetType) };
}

const nodes = (): ReadonlyMap<string, Node> =>
  new Map(
    it.seed.nodes.map(({ zone, instanceId }): [string, Node] => [
      instanceId,
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: instanceId },
        spec: { providerID: `aws:///${zone}/${instanceId}` },
      },
    ]),
  );

const slice = (address: string, nodeName?: string): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'shop', name: 'api-1' },
  addressType: 'IPv4',
  endpoints: [{ addresses: [address], ...(nodeName !== undefined && { nodeName }) }],
});

const at = (id: string, port = 8080) => ({ id, port });

function start() {
  const clock = new FakeClock();
  let calls = 0;
  it.kept.mayCall = () => {
    calls += 1;
  };
  const reaches = new Reaches(controller.clients, 'demo', clock);
  return { clock, reaches, calls: () => calls };
}

test("a pod is reached through its node's group, and the next pod of that node costs no call", async () => {
  const { reaches, calls } = start();
  const node = it.seed.nodes[0]?.instanceId ?? '';
  const reach = { groupId: it.seed.nodeSecurityGroupId, targetType: 'ip', port: 8080 };
  const pods = [slice('10.0.77.1', node), slice('10.0.77.2', node)];
  expect(await reaches.of(group('ip'), [at('10.0.77.1')], pods, nodes())).toEqual([reach]);
  const read = calls();
  expect(await reaches.of(group('ip'), [at('10.0.77.1'), at('10.0.77.2')], pods, nodes())).toEqual([reach]);
  expect(calls()).toBe(read);
});

test('nodes are reached through their group, at each port', async () => {
  const { reaches } = start();
  const [one, two] = it.seed.nodes.map(({ instanceId }) => instanceId);
  const targets = [at(one ?? '', 30_080), at(two ?? '', 30_080), at(one ?? '', 30_443)];
  const groupId = it.seed.nodeSecurityGroupId;
  expect(await reaches.of(group('instance'), targets, [], nodes())).toEqual([
    { groupId, targetType: 'instance', port: 30_080 },
    { groupId, targetType: 'instance', port: 30_443 },
  ]);
});

test('a pod on no EC2 node is reached through the group of its own network interface', async () => {
  const { reaches } = start();
  const address = it.seed.nodes[1]?.privateIp ?? '';
  const found = await reaches.of(group('ip'), [at(address)], [slice(address, 'fargate-1')], nodes());
  expect(found).toEqual([{ groupId: it.seed.nodeSecurityGroupId, targetType: 'ip', port: 8080 }]);
});

test('an address that EC2 does not know is left alone for five minutes', async () => {
  const { reaches, clock, calls } = start();
  const ask = () => reaches.of(group('ip'), [at('10.0.99.99')], [slice('10.0.99.99')], nodes());
  expect(await ask()).toEqual([]);
  const read = calls();
  await clock.advance(299_999);
  await ask();
  expect(calls()).toBe(read);
  await clock.advance(1);
  await ask();
  expect(calls()).toBeGreaterThan(read);
});

test('two who ask at once for the same node cost one question', async () => {
  const { reaches, calls } = start();
  const node = it.seed.nodes[0]?.instanceId ?? '';
  const targets = [at(node, 30_080)];
  await reaches.of(group('instance'), targets, [], nodes());
  const once = calls();
  const fresh = start();
  await Promise.all([1, 2].map(() => fresh.reaches.of(group('instance'), targets, [], nodes())));
  expect(fresh.calls()).toBe(once);
});
