// Which security groups are opened for targets: those of the interface with the address. And what happens to refused targets.
import {
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientOf } from '../../localstack/aws/testing/client.ts';
import { endpointSlice } from '../../localstack/environment.ts';
import { targetsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { gateway, http, httpRoute, loadBalancerConfiguration, parametersRef, service } from './support/objects.ts';
import { waitForCondition } from './support/status.ts';

let rig: Rig;
let ec2: EC2Client;
beforeAll(async () => {
  rig = await startRig({ gatehouse: { flags: { 'audit-period': '10s' } } });
  ec2 = new EC2Client(clientOf(rig.aws));
});
afterAll(async () => {
  ec2.destroy();
  await rig.stop();
});

const reachable = 'gatehouse.dev/TargetsReachable';

/** A security group with the cluster's tag. */
async function group(name: string): Promise<string> {
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: rig.seed.vpcId }),
  );
  const Tags = [{ Key: `kubernetes.io/cluster/${rig.seed.clusterName}`, Value: 'owned' }];
  await ec2.send(new CreateTagsCommand({ Resources: [GroupId], Tags }));
  return GroupId;
}

/** The ports where a group admits the load balancers, as ends of ranges. */
const opened = (groupId: string): readonly number[] =>
  [...rig.aws.world().ec2.securityGroupRules.values()]
    .filter((rule) => rule.groupId === groupId && rule.tags.has('gatehouse.dev/cluster'))
    .flatMap(({ fromPort, toPort }) => [fromPort, toPort]);

/** A namespace whose Gateway `gw` sends everything to the Service `web`. */
async function serving(name: string, targetType: 'ip' | 'instance', spec = {}) {
  const ns = await rig.freshNamespace(name);
  const route = httpRoute(ns, 'web', ['gw'], ['web']);
  await rig.apply([
    loadBalancerConfiguration(ns, 'own', { targetType, ipAddressType: 'dualstack' }),
    service(ns, 'web', spec),
    gateway(ns, 'gw', [http()], { infrastructure: { parametersRef: parametersRef('own') } }),
    route,
  ]);
  return { ns, route, targets: () => targetsOf(rig, `${ns}/gw`, 'web:80') };
}

test('a pod with a network interface of its own is reached through the groups of that one', async () => {
  const own = await group('payments');
  const [SubnetId] = rig.seed.privateSubnetIds;
  const PrivateIpAddress = '10.0.48.77';
  await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, PrivateIpAddress, Groups: [own] }));
  const { ns, targets } = await serving('guarded', 'ip');
  await rig.apply([endpointSlice(ns, 'web', ['10.0.48.77'], 25_200, { portName: 'http' })]);
  await eventually(() => expect(targets()).toEqual(['10.0.48.77:25200']));
  await eventually(() => expect(opened(own)).toEqual([25_200, 25_200]));
  expect(opened(rig.seed.nodeSecurityGroupId)).not.toContain(25_200);
});

test('the group that takes the place of a node’s is opened by the next audit', async () => {
  const { targets } = await serving('swapped', 'instance', {
    type: 'NodePort',
    ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30_301 }],
  });
  await eventually(() => expect(targets()).toHaveLength(3));
  await eventually(() => expect(opened(rig.seed.nodeSecurityGroupId)).toContain(30_301));
  const next = await group('next');
  const { instances, networkInterfaces } = rig.aws.world().ec2;
  for (const { instanceId } of rig.seed.nodes) {
    const NetworkInterfaceId = networkInterfaces.get(instances.get(instanceId)?.networkInterfaceIds[0] ?? '')?.id;
    await ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups: [next] }));
  }
  await eventually(() => expect(opened(next)).toEqual([30_301, 30_301]));
  await eventually(() => expect(opened(rig.seed.nodeSecurityGroupId)).not.toContain(30_301));
});

test('targets without a known interface are in the condition of their route, until they have one', async () => {
  const { ns, route, targets } = await serving('nowhere', 'ip');
  const slice = endpointSlice(ns, 'web', ['10.0.48.99'], 25_300, { portName: 'http' });
  await rig.apply([{ ...slice, endpoints: [{ addresses: ['10.0.48.99'], conditions: { ready: true } }] }]);
  const { message } = await waitForCondition(rig, route, reachable, 'False', 'TargetsNotLocated');
  expect(message).toContain('10.0.48.99:25300');
  expect(targets()).toEqual(['10.0.48.99:25300']);
  const own = await group('late');
  const [SubnetId] = rig.seed.privateSubnetIds;
  await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, PrivateIpAddress: '10.0.48.99', Groups: [own] }));
  await waitForCondition(rig, route, reachable, 'True');
  expect(opened(own)).toEqual([25_300, 25_300]);
});

test('machines outside the VPC are targets; an address that AWS refuses is in the route’s status, and only it is left out', async () => {
  const { ns, route, targets } = await serving('onprem', 'ip');
  const addresses = ['10.9.1.5', '192.168.7.7', '8.8.8.8'];
  const slice = endpointSlice(ns, 'web', [], 25_200, { portName: 'http' });
  await rig.apply([{ ...slice, endpoints: [{ addresses, conditions: { ready: true } }] }]);
  await eventually(() => expect(targets()).toEqual(['10.9.1.5:25200', '192.168.7.7:25200']));
  const { message } = await waitForCondition(rig, route, reachable, 'False', 'TargetsRefused');
  expect(message).toContain('8.8.8.8:25200');
  expect(message).not.toContain('10.9.1.5');
});

test('two hundred targets that AWS refuses are in the route’s condition at once, and block nobody', async () => {
  const bad = await serving('refused', 'ip', { ipFamilies: ['IPv6'] });
  const good = await serving('others', 'ip');
  const pods = (count: number) => Array.from({ length: count }, (_, index) => `10.0.64.${100 + index}`);
  await rig.apply([endpointSlice(good.ns, 'web', pods(1), 8080, { portName: 'http' })]);
  await eventually(() => expect(good.targets()).toHaveLength(1));
  await waitForCondition(rig, bad.route, 'ResolvedRefs', 'True');
  const registrations = () => rig.aws.calls.counts().byAction['elasticloadbalancing:RegisterTargets'] ?? 0;
  rig.aws.calls.zero();
  const started = performance.now();
  const slices = [0, 1].map((half) => ({
    ...endpointSlice(bad.ns, 'web', [], 8080, { portName: 'http', suffix: `${half}` }),
    addressType: 'IPv6',
    endpoints: Array.from({ length: 100 }, (_, index) => ({
      addresses: [`2001:db8::${half + 1}:${index + 1}`],
      conditions: { ready: true },
    })),
  }));
  await rig.apply(slices);
  const waits: number[] = [];
  for (let count = 2; count <= 20; count += 1) {
    const before = performance.now();
    await rig.apply([endpointSlice(good.ns, 'web', pods(count), 8080, { portName: 'http' })]);
    await eventually(() => expect(good.targets()).toHaveLength(count));
    waits.push(performance.now() - before);
  }
  const { message } = await waitForCondition(rig, bad.route, reachable, 'False', 'TargetsRefused');
  expect(message).toContain('2001:db8::');
  expect(message.length).toBeLessThan(2000);
  expect(Math.max(...waits)).toBeLessThan(1000);
  // At most: twenty of the others, eight at once to find the bad ones, and one every two seconds.
  const seconds = (performance.now() - started) / 1000;
  expect(registrations()).toBeLessThan(20 + 10 + seconds / 2);
  // A removed target is gone at once.
  await rig.apply([endpointSlice(good.ns, 'web', pods(1), 8080, { portName: 'http' })]);
  await eventually(() => expect(good.targets()).toHaveLength(1), 1000);
});
