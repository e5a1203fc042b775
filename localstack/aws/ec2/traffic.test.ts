// docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
import { expect, test } from 'vitest';
import { Embedded, present } from '../testing/embedded.ts';
import type { RuleSpec } from './permissions.ts';
import { authorizeRules } from './security-group-rules.ts';
import { createSecurityGroup, rulesOf } from './security-groups.ts';
import type { SecurityGroup } from './state.ts';
import { type End, interfaceOf, passes } from './traffic.ts';

async function twoGroups() {
  await using aws = await Embedded.start();
  const world = aws.aws.world();
  const make = (groupName: string) =>
    createSecurityGroup(world, { groupName, description: groupName, vpcId: aws.seed.vpcId });
  const [client, server] = [make('client'), make('server')];
  const admit = (group: SecurityGroup, ...rules: RuleSpec[]) => authorizeRules(world, group, 'ingress', rules);
  const reaches = (port: number, from: End = end(client, '10.0.1.5'), protocol: 'tcp' | 'udp' = 'tcp') =>
    passes(world.ec2, { from, to: end(server, '10.0.48.9'), protocol, port });
  return { world, seed: aws.seed, client, server, admit, reaches };
}

const end = ({ id }: SecurityGroup, address: string): End => ({ groupIds: [id], addresses: [address] });
const ports = (fromPort: number, toPort = fromPort) => ({ protocol: 'tcp', fromPort, toPort });
const all = { protocol: '-1', fromPort: -1, toPort: -1 };
const block = (cidr: string) => ({ kind: 'ipv4', cidr }) as const;

test('nothing is let in without a rule, and a rule lets in its protocol and ports alone', async () => {
  const { server, admit, reaches } = await twoGroups();
  expect(reaches(80)).toBe(false);
  admit(server, { ...ports(80, 90), peer: block('0.0.0.0/0') });
  expect([79, 80, 90, 91].map((port) => reaches(port))).toEqual([false, true, true, false]);
  expect(reaches(80, undefined, 'udp')).toBe(false);
});

test('a rule admits a block, a group and its own group', async () => {
  const { client, server, admit, reaches } = await twoGroups();
  const outside: End = { groupIds: undefined, addresses: ['10.0.1.5'] };
  admit(
    server,
    { ...ports(80), peer: block('10.0.1.0/24') },
    { ...ports(81), peer: { kind: 'group', groupId: client.id } },
  );
  admit(server, { ...ports(82), peer: { kind: 'group', groupId: server.id } });
  expect([80, 81, 82].map((port) => reaches(port, outside))).toEqual([true, false, false]);
  expect([80, 81, 82].map((port) => reaches(port))).toEqual([true, true, false]);
  expect(reaches(82, end(server, '10.0.48.10'))).toBe(true);
  expect(reaches(80, { groupIds: undefined, addresses: ['10.0.2.5', '2001:db8::1'] })).toBe(false);
});

test('what a group lets out counts as well', async () => {
  const { world, client, server, admit, reaches } = await twoGroups();
  admit(server, { ...all, peer: block('0.0.0.0/0') });
  for (const { id, isEgress } of rulesOf(world.ec2, client)) {
    if (isEgress) world.ec2.securityGroupRules.delete(id);
  }
  expect(reaches(80)).toBe(false);
  authorizeRules(world, client, 'egress', [{ ...ports(80), peer: { kind: 'group', groupId: server.id } }]);
  expect([reaches(80), reaches(81)]).toEqual([true, false]);
});

test('a pod has the groups of its subnet’s node, and an address without a node belongs to nobody', async () => {
  const { world, seed } = await twoGroups();
  const node = present(seed.nodes[0]);
  const instance = present(world.ec2.instances.get(node.instanceId));
  for (const address of [node.privateIp, '10.0.48.200']) {
    expect(interfaceOf(world.ec2, seed.vpcId, address)?.id).toBe(instance.networkInterfaceIds[0]);
  }
  expect(interfaceOf(world.ec2, seed.vpcId, '10.0.0.200')).toBeUndefined();
});
