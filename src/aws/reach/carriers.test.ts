import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteNetworkInterfaceCommand,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2';
import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { AwsError, LeaseLostError } from '../errors.ts';
import { type Controller, eachTestOnAws } from '../testing/aws-under-test.ts';
import { Carriers } from './carriers.ts';

const rig = eachTestOnAws();

let controller: Controller;
beforeEach(async () => {
  controller = await rig.start();
});

function start() {
  const clock = new FakeClock();
  const carriers = new Carriers(controller.clients, 'demo', clock);
  const instances = rig.seed.nodes.map(({ instanceId }) => instanceId);
  const question = { vpcId: rig.seed.vpcId, instances };
  const calls = (): Readonly<Record<string, number>> => {
    const counted = rig.aws.calls.counts().byAction;
    rig.aws.calls.zero();
    return counted;
  };
  calls();
  return {
    clock,
    carriers,
    instances,
    calls,
    ask: async (id: string, host?: string) => {
      const carried = { id, ...(host !== undefined && { host }) };
      await carriers.learn([carried], question);
      return carriers.find(carried);
    },
  };
}

const ec2 = () => controller.clients.ec2;

async function group(name: string, tagged = false): Promise<string> {
  const made = await ec2().send(
    new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: rig.seed.vpcId }),
  );
  const id = made.GroupId ?? '';
  const Tags = [{ Key: 'kubernetes.io/cluster/demo', Value: 'owned' }];
  if (tagged) await ec2().send(new CreateTagsCommand({ Resources: [id], Tags }));
  return id;
}

/** A pod's own network interface, like a branch interface. */
async function pod(address: string, ...Groups: readonly string[]): Promise<string> {
  const [SubnetId] = rig.seed.privateSubnetIds;
  const made = await ec2().send(
    new CreateNetworkInterfaceCommand({ SubnetId, PrivateIpAddress: address, Groups: [...Groups] }),
  );
  return made.NetworkInterface?.NetworkInterfaceId ?? '';
}

/** The first node, its interface and its groups. */
function node() {
  const [first] = rig.seed.nodes;
  const { ec2: state } = rig.aws.world();
  const nic = state.networkInterfaces.get(state.instances.get(first?.instanceId ?? '')?.networkInterfaceIds[0] ?? '');
  return { id: first?.instanceId ?? '', address: first?.privateIp ?? '', nic: nic?.id ?? '' };
}

const describeInstances = 'ec2:DescribeInstances';
const describeInterfaces = 'ec2:DescribeNetworkInterfaces';
const describeGroups = 'ec2:DescribeSecurityGroups';

test('one call finds all nodes, with their own addresses and those of their pods', async () => {
  const { id, nic } = node();
  await ec2().send(
    new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: nic, PrivateIpAddresses: ['10.0.48.90'] }),
  );
  await ec2().send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: nic, Ipv4Prefixes: ['10.0.48.64/28'] }));
  const { ask, calls } = start();
  const found = { kind: 'group', groupId: rig.seed.nodeSecurityGroupId };
  expect(await ask('10.0.48.90', id)).toEqual(found);
  expect(await ask('10.0.48.70', id)).toEqual(found);
  expect(await ask(id)).toEqual(found);
  for (const { instanceId, privateIp } of rig.seed.nodes) expect(await ask(privateIp, instanceId)).toEqual(found);
  expect(calls()).toEqual({ [describeInstances]: 1 });
});

test('a pod with an interface of its own is behind the groups of that, and not of its node', async () => {
  const own = await group('payments');
  await pod('10.0.48.77', own);
  const { ask, calls } = start();
  expect(await ask('10.0.48.77', node().id)).toEqual({ kind: 'group', groupId: own });
  expect(calls()).toEqual({ [describeInstances]: 1, [describeInterfaces]: 1 });
  // The same on Fargate, or if a slice names no node.
  expect(await start().ask('10.0.48.77')).toEqual({ kind: 'group', groupId: own });
});

test('an address that another VPC has too is that of the cluster’s VPC', async () => {
  const own = await group('payments');
  await pod('10.0.48.77', own);
  const { ec2: state } = rig.aws.world();
  const [first] = state.networkInterfaces.values();
  if (first === undefined) throw new Error('Expected an interface');
  const theirs = {
    ...first,
    id: 'eni-other',
    vpcId: 'vpc-other',
    groupIds: ['sg-other'],
    privateIpAddresses: ['10.0.48.77'],
  };
  state.networkInterfaces.set(theirs.id, theirs);
  expect(await start().ask('10.0.48.77')).toEqual({ kind: 'group', groupId: own });
});

test('an address in a prefix is found where nobody says on which node it is', async () => {
  await ec2().send(
    new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: node().nic, Ipv4Prefixes: ['10.0.48.64/28'] }),
  );
  const { ask, calls } = start();
  expect(await ask('10.0.48.70')).toEqual({ kind: 'group', groupId: rig.seed.nodeSecurityGroupId });
  expect(calls()).toEqual({ [describeInstances]: 1, [describeInterfaces]: 1 });
  expect(await ask('10.0.48.71')).toMatchObject({ kind: 'group' });
  expect(calls()).toEqual({});
});

test('a stand-in for AWS that knows no prefixes is asked for them once', async () => {
  let asked = 0;
  ec2().middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        if (commandName !== 'DescribeInstancesCommand' || !JSON.stringify(args.input).includes('prefix'))
          return next(args);
        asked += 1;
        throw new AwsError({ action: describeInstances, code: 'NotImplemented', kind: 'server', detail: 'no filter' });
      },
    { step: 'initialize', name: 'without-prefixes' },
  );
  const { ask } = start();
  expect(await ask('10.0.48.200', node().id)).toEqual({ kind: 'group', groupId: rig.seed.nodeSecurityGroupId });
  expect(await ask('10.0.48.201')).toMatchObject({ kind: 'unknown' });
  expect(asked).toBe(1);
});

test('an IPv6 address in a prefix is found, however it is written', async () => {
  const { nic } = node();
  const found = rig.aws.world().ec2.networkInterfaces.get(nic);
  const block = rig.aws.world().ec2.subnets.get(found?.subnetId ?? '')?.ipv6?.cidrBlock ?? '';
  if (found === undefined) throw new Error('Expected an interface');
  const prefix = block.replace('::/64', ':a::/80');
  rig.aws.world().ec2.networkInterfaces.set(nic, { ...found, ipv6Prefixes: [prefix] });
  const address = prefix.replace('::/80', ':0:0:BEEF');
  expect(await start().ask(address)).toEqual({ kind: 'group', groupId: rig.seed.nodeSecurityGroupId });
});

test('the second interface of a node has groups of its own', async () => {
  const own = await group('pods');
  const { id } = node();
  const nic = await pod('10.0.48.77', own);
  await ec2().send(new AttachNetworkInterfaceCommand({ InstanceId: id, NetworkInterfaceId: nic, DeviceIndex: 1 }));
  const { ask, calls } = start();
  expect(await ask('10.0.48.77', id)).toEqual({ kind: 'group', groupId: own });
  expect(await ask(id)).toEqual({ kind: 'group', groupId: rig.seed.nodeSecurityGroupId });
  expect(calls()).toEqual({ [describeInstances]: 1 });
});

test('of several groups the one with the tag is meant; without one, none is', async () => {
  const [a, b, tagged] = [await group('a'), await group('b'), await group('c', true)];
  await pod('10.0.48.77', a, tagged);
  const nic = await pod('10.0.48.78', a, b);
  const { ask, calls } = start();
  expect(await ask('10.0.48.77')).toEqual({ kind: 'group', groupId: tagged });
  expect(calls()).toMatchObject({ [describeGroups]: 1 });
  expect(await ask('10.0.48.78')).toEqual({ kind: 'unclear', carrier: nic, groups: [a, b] });
});

test('an address that nobody has is asked for a few times, ever more rarely, and then by audits alone', async () => {
  const { ask, carriers, clock, calls } = start();
  expect(await ask('10.0.99.99')).toEqual({ kind: 'unknown', isSure: false, retryAt: 5000 });
  calls();
  await clock.advance(4999);
  await ask('10.0.99.99');
  expect(calls()).toEqual({});
  const times: number[] = [];
  for (let second = 5; second < 600; second += 1) {
    await clock.advance(1000);
    await ask('10.0.99.99');
    if (Object.keys(calls()).length > 0) times.push(second);
  }
  expect(times).toEqual([5, 15, 35, 75]);
  expect(await ask('10.0.99.99')).toEqual({ kind: 'unknown', isSure: true });
  expect(await carriers.refresh([])).toBe(true);
  calls();
  expect(await ask('10.0.99.99')).toEqual({ kind: 'unknown', isSure: true });
  expect(Object.keys(calls())).not.toEqual([]);
  await ask('10.0.99.99');
  expect(calls()).toEqual({});
});

test('an address that one pod leaves to the next is looked for again', async () => {
  const [first, second] = [await group('first'), await group('second')];
  const nic = await pod('10.0.48.77', first);
  const { ask, carriers, calls } = start();
  expect(await ask('10.0.48.77', node().id)).toEqual({ kind: 'group', groupId: first });
  await ec2().send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: nic }));
  carriers.release(['10.0.48.77']);
  await pod('10.0.48.77', second);
  expect(await ask('10.0.48.77', node().id)).toEqual({ kind: 'group', groupId: second });
  // The addresses of nodes stay known.
  carriers.release([node().address]);
  calls();
  await ask(node().address, node().id);
  expect(calls()).toEqual({});
});

test('an address that Kubernetes sees on another node than EC2 did is asked for once', async () => {
  const { id, nic } = node();
  const other = rig.seed.nodes[1]?.instanceId ?? '';
  const NetworkInterfaceId = nic;
  const PrivateIpAddresses = ['10.0.48.90'];
  await ec2().send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses }));
  const { ask, calls } = start();
  await ask('10.0.48.90', id);
  calls();
  expect(await ask('10.0.48.90', other)).toEqual({ kind: 'group', groupId: rig.seed.nodeSecurityGroupId });
  expect(calls()).toMatchObject({ [describeInterfaces]: 1 });
  await ask('10.0.48.90', other);
  expect(calls()).toEqual({});
});

test('an address of another network than the VPC’s is behind its node', async () => {
  const { ask, calls } = start();
  const found = { kind: 'group', groupId: rig.seed.nodeSecurityGroupId };
  expect(await ask('10.0.48.200', node().id)).toEqual(found);
  expect(calls()).toEqual({ [describeInstances]: 2, [describeInterfaces]: 1 });
  expect(await ask('10.0.48.200', node().id)).toEqual(found);
  expect(calls()).toEqual({});
});

test('those who ask at once cost one question, whatever they ask for', async () => {
  const { carriers, calls, instances } = start();
  const addresses = Array.from({ length: 30 }, (_, index) => `10.0.48.${100 + index}`);
  const question = { vpcId: rig.seed.vpcId, instances };
  await carriers.learn([{ id: '10.0.48.99' }], question);
  calls();
  await Promise.all(addresses.map((id) => carriers.learn([{ id }], question)));
  expect(calls()).toEqual({ [describeInterfaces]: 1, [describeInstances]: 1 });
});

test('whoever waits for an answer that AWS does not give to another asks himself', async () => {
  const { carriers, instances } = start();
  const question = { vpcId: rig.seed.vpcId, instances };
  let isDenied = true;
  rig.kept.mayCall = () => {
    if (!isDenied) return;
    isDenied = false;
    throw new LeaseLostError('not now');
  };
  const asked = rig.seed.nodes.map(({ instanceId }) => carriers.learn([{ id: instanceId }], question));
  const [first, ...others] = await Promise.allSettled(asked);
  expect([first?.status, ...others.map(({ status }) => status)]).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  for (const id of instances) expect(carriers.find({ id })).toMatchObject({ kind: 'group' });
});

test('an audit sees that a node has another group, and that an address has moved', async () => {
  const [first, second] = [await group('first'), await group('second')];
  const nic = await pod('10.0.48.77', first);
  const { ask, carriers, instances, calls } = start();
  await ask('10.0.48.77', node().id);
  expect(await carriers.refresh(instances)).toBe(false);
  calls();
  await ec2().send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: node().nic, Groups: [second] }));
  await ec2().send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: nic }));
  await pod('10.0.48.77', second);
  calls();
  expect(await carriers.refresh(instances)).toBe(true);
  expect(calls()).toEqual({ [describeInstances]: 1, [describeInterfaces]: 1 });
  expect(await ask(node().id)).toEqual({ kind: 'group', groupId: second });
  expect(await ask('10.0.48.77', node().id)).toEqual({ kind: 'group', groupId: second });
});

test('where nothing was ever asked for, an audit costs no call', async () => {
  const { carriers, instances, calls } = start();
  expect(await carriers.refresh(instances)).toBe(false);
  expect(calls()).toEqual({});
});

test('a node that EC2 does not show for a moment stays known', async () => {
  const { ask, carriers, instances } = start();
  const { id } = node();
  await ask(id);
  const state = rig.aws.world().ec2;
  const instance = state.instances.get(id);
  state.instances.delete(id);
  await carriers.refresh(instances);
  expect(carriers.find({ id })).toMatchObject({ kind: 'group' });
  if (instance !== undefined) state.instances.set(id, instance);
  // An instance that the cluster does not have any more is forgotten.
  await carriers.refresh(instances.filter((each) => each !== id));
  expect(carriers.find({ id })).toEqual({ kind: 'unknown', isSure: false });
});

test('targets that do not answer are looked for again, once a minute', async () => {
  const { ask, carriers, clock, calls } = start();
  const own = await group('own');
  await ask(node().id);
  await ec2().send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: node().nic, Groups: [own] }));
  expect(await ask(node().id)).toEqual({ kind: 'group', groupId: rig.seed.nodeSecurityGroupId });
  expect(carriers.suspect([node().id])).toBe(true);
  calls();
  expect(await ask(node().id)).toEqual({ kind: 'group', groupId: own });
  expect(carriers.suspect([node().id])).toBe(false);
  expect(calls()).toEqual({ [describeInterfaces]: 1 });
  await clock.advance(60_000);
  expect(carriers.suspect([node().id])).toBe(true);
});
