// Gateways that name their addresses: Elastic IPs and private addresses on the NLB, in front of the ALB if there is HTTP.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ownBlocks } from '../../localstack/aws/dataplane/own-blocks.ts';
import { mapAddress, parseMapping } from '../../localstack/aws/dataplane/target-address.ts';
import { allocateAddress } from '../../localstack/aws/ec2/elastic-ips.ts';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { delegateSubnets } from '../../localstack/vpc-nodes.ts';
import { awsOf, leftOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { restartsAndGoes } from './support/lifetime.ts';
import { gateway, gatewayClass, http, httpRoute, loadBalancerConfiguration, parametersRef } from './support/objects.ts';
import { programmed, readGateway, removeAndWait, waitForCondition } from './support/status.ts';

vi.setConfig({ testTimeout: 120_000 });

const blocks = ownBlocks(process.pid);
/** Load balancers without static addresses take theirs from the start of the block. */
const elasticIps = blocks.addresses.replace('.0.0/16', '.250.0/24');
const mappings = [`10.0.0.0/16=${blocks.targets}`, `198.18.0.0/24=${elasticIps}`];
/** Only root can use ports below 1024. */
const portOffset = 10_000;

let rig: Rig;
const servers: { close(): void }[] = [];

beforeAll(async () => {
  const dataPlane = { addresses: blocks.addresses, portOffset, mapTargets: mappings };
  rig = await startRig({ aws: { dataPlane, networkRegistrationSeconds: 1, releaseSeconds: 1 } });
  delegateSubnets(rig.aws.world(), rig.seed);
  const config = loadBalancerConfiguration('default', 'public', { scheme: 'internet-facing' });
  await rig.apply([config, gatewayClass('public', { parametersRef: parametersRef('public', 'default') })]);
});
afterAll(async () => {
  for (const server of servers) server.close();
  await rig.stop();
});

const real = (address: string): string => mapAddress(mappings.map(parseMapping), address);

/** A Service whose pods answer with its name. */
async function deployWeb(ns: string, name: string): Promise<void> {
  for (const address of await rig.backend(ns, name)) {
    const server = createServer((_, response) => void response.end(name)).listen(8080, real(address));
    await once(server, 'listening');
    servers.push(server);
  }
}

const ask = async (address: string): Promise<string> => {
  const answer = await fetch(`http://${real(address)}:${portOffset + 8080}/`, { signal: AbortSignal.timeout(3000) });
  return await answer.text();
};

function elasticIp(networkBorderGroup?: string): string {
  const given = networkBorderGroup === undefined ? {} : { NetworkBorderGroup: networkBorderGroup };
  return String(Object(allocateAddress(rig.aws.world(), given)).publicIp);
}

const webGateway = (ns: string, addresses: readonly string[], gatewayClassName = 'aws'): KubeObject =>
  gateway(ns, 'gw', [http({ port: 8080 })], { gatewayClassName, addresses: addresses.map((value) => ({ value })) });

const addressesOf = async (ns: string) => (await readGateway(rig, ns, 'gw'))?.status?.addresses;

const asStatus = (...addresses: readonly string[]) => addresses.map((value) => ({ type: 'IPAddress', value }));

function zoneOf(ns: string, address: string): string | undefined {
  const { elasticIps: all } = rig.aws.world().ec2;
  const subnets = awsOf(rig, `${ns}/gw`).loadBalancers.flatMap((each) => each.subnets);
  return subnets.find(({ allocationId = '' }) => all.get(allocationId)?.publicIp === address)?.zone;
}

const networkZones = (ns: string) =>
  awsOf(rig, `${ns}/gw`)
    .loadBalancers.filter(({ type }) => type === 'network')
    .flatMap(({ subnets }) => subnets.map(({ zone }) => zone));

test('an HTTP Gateway is reached at its Elastic IPs, each keeps its zone, and they are still the user’s in the end', async () => {
  await rig.restart({ flags: { 'handover-period': '3s' } });
  const ns = await rig.freshNamespace('elastic');
  await deployWeb(ns, 'web');
  const [one, two, three, four] = [elasticIp(), elasticIp(), elasticIp(), elasticIp()];
  const gw = webGateway(ns, [one, two], 'public');
  await rig.apply([gw, httpRoute(ns, 'web', ['gw'], ['web'])]);
  await programmed(rig, gw);
  expect(await addressesOf(ns)).toEqual(asStatus(one, two));
  for (const address of [one, two]) await eventually(async () => expect(await ask(address)).toBe('web'));
  const zone = zoneOf(ns, two);
  expect(networkZones(ns)).toHaveLength(2);

  // Another zone is entered and the first one left; the address that stays serves all the time.
  await rig.apply([webGateway(ns, [three, two], 'public')]);
  await eventually(async () => expect(new Set(await addressesOf(ns))).toEqual(new Set(asStatus(three, two))));
  for (const address of [three, two]) await eventually(async () => expect(await ask(address)).toBe('web'));
  expect(zoneOf(ns, two)).toBe(zone);

  // All addresses are others now. An old zone stays while AWS sets up the first new one.
  await rig.apply([webGateway(ns, [four, one], 'public')]);
  await eventually(() => expect(networkZones(ns)).toHaveLength(3));
  await eventually(async () => expect(new Set(await addressesOf(ns))).toEqual(new Set(asStatus(four, one))));
  for (const address of [four, one]) await eventually(async () => expect(await ask(address)).toBe('web'));

  await restartsAndGoes(rig, gw);
  const left = [...rig.aws.world().ec2.elasticIps.values()];
  expect(left.map(({ publicIp }) => publicIp)).toEqual(expect.arrayContaining([one, two, three, four]));
  await eventually(() => expect(left.filter((each) => each.networkInterfaceId !== undefined)).toEqual([]));
});

test('an internal Gateway is reached at a private address in one zone, and UpToDate says what one zone means', async () => {
  const ns = await rig.freshNamespace('private');
  await deployWeb(ns, 'web');
  const gw = webGateway(ns, ['10.0.16.250']);
  await rig.apply([gw, httpRoute(ns, 'web', ['gw'], ['web'])]);
  await programmed(rig, gw);
  expect(await addressesOf(ns)).toEqual(asStatus('10.0.16.250'));
  await eventually(async () => expect(await ask('10.0.16.250')).toBe('web'));
  expect(networkZones(ns)).toHaveLength(1);
  const { message } = await waitForCondition(rig, gw, 'gatehouse.dev/UpToDate', 'True');
  expect(message).toContain('so no client reaches it while this zone fails');

  // Its only zone can't have another address, and it serves on.
  const moved = webGateway(ns, ['10.0.16.251']);
  await rig.apply([moved]);
  const refused = await waitForCondition(rig, moved, 'gatehouse.dev/UpToDate', 'False', 'AddressNotUsable');
  expect(refused.message).toContain('only while the load balancer has another zone');
  await programmed(rig, moved);
  expect(await addressesOf(ns)).toEqual(asStatus('10.0.16.250'));
  expect(await ask('10.0.16.250')).toBe('web');
  await removeAndWait(rig, gw);
  await eventually(() => expect(leftOf(rig, `${ns}/gw`)).toEqual([]));
});

test('an address that cannot be used is said, nothing is made, and the Gateway is made when the address can be used', async () => {
  const ns = await rig.freshNamespace('unusable');
  const used = elasticIp();
  const { elasticIps: all, networkInterfaces } = rig.aws.world().ec2;
  const [holder] = networkInterfaces.keys();
  const held = [...all.values()].find(({ publicIp }) => publicIp === used);
  if (held === undefined) throw new Error('Expected an Elastic IP');
  held.networkInterfaceId = holder;
  const [node] = rig.seed.nodes;
  const cases: readonly (readonly [addresses: readonly string[], gatewayClassName: string, words: string])[] = [
    [['198.18.200.1'], 'public', 'neither an Elastic IP of this account'],
    [[used], 'public', 'uses it'],
    [[elasticIp()], 'aws', 'needs the scheme internet-facing'],
    [['10.0.48.250'], 'public', 'needs the scheme internal'],
    [['10.0.0.250', '10.0.0.251'], 'aws', 'in zone'],
    [[node?.privateIp ?? ''], 'aws', 'uses it'],
    // A node has the block of this address for its pods.
    [['10.0.64.250'], 'aws', 'uses it'],
    [['2001:db8::1'], 'aws', 'not an IPv4 address'],
  ];
  for (const [addresses, gatewayClassName, words] of cases) {
    const gw = webGateway(ns, addresses, gatewayClassName);
    await rig.apply([gw]);
    const { message } = await waitForCondition(rig, gw, 'Programmed', 'False', 'AddressNotUsable');
    expect(message).toContain(words);
    await waitForCondition(rig, gw, 'Accepted', 'True', 'Accepted');
    expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
  }
  const gw = webGateway(ns, [used], 'public');
  await rig.apply([gw]);
  held.networkInterfaceId = undefined;
  await programmed(rig, gw);
  expect(await addressesOf(ns)).toEqual(asStatus(used));
  await removeAndWait(rig, gw);
});

test('a Gateway whose ALB serves alone gets an address, and serves at the old one until then', async () => {
  const ns = await rig.freshNamespace('later');
  await deployWeb(ns, 'web');
  await rig.apply([webGateway(ns, []), httpRoute(ns, 'web', ['gw'], ['web'])]);
  await programmed(rig, webGateway(ns, []));
  const before = await addressesOf(ns);
  const unusable = webGateway(ns, ['192.0.2.1']);
  await rig.apply([unusable]);
  await waitForCondition(rig, unusable, 'gatehouse.dev/UpToDate', 'False', 'AddressNotUsable');
  await programmed(rig, unusable);
  expect(await addressesOf(ns)).toEqual(before);
  expect(networkZones(ns)).toEqual([]);

  const gw = webGateway(ns, ['10.0.32.250']);
  await rig.apply([gw]);
  await eventually(async () => expect(await addressesOf(ns)).toEqual(asStatus('10.0.32.250')));
  expect(await ask('10.0.32.250')).toBe('web');
  await removeAndWait(rig, gw);
  await eventually(() => expect(leftOf(rig, `${ns}/gw`)).toEqual([]));
});

test('an address of a type that AWS does not have is not accepted', async () => {
  const ns = await rig.freshNamespace('type');
  const addresses = [{ type: 'Hostname', value: 'lb.example.com' }];
  const gw = gateway(ns, 'gw', [http({ port: 8080 })], { addresses });
  await rig.apply([gw]);
  await waitForCondition(rig, gw, 'Accepted', 'False', 'UnsupportedAddress');
  expect(leftOf(rig, `${ns}/gw`)).toEqual([]);
});
