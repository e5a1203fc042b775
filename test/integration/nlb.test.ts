// Gateways with TCP, UDP and TLS listeners: real connections and datagrams through an NLB, to pods.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ownBlocks } from '../../localstack/aws/dataplane/own-blocks.ts';
import { mapAddress, parseMapping } from '../../localstack/aws/dataplane/target-address.ts';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { delegateSubnets } from '../../localstack/vpc-nodes.ts';
import type { Listener } from '../../src/api/gateway-api.ts';
import { TAG } from '../../src/aws/observed.ts';
import { awsOf, leftOf } from './support/aws.ts';
import { askHttp, askTcp, askTls, askUdp, keepAsking, startPod } from './support/connections.ts';
import { eventsIn } from './support/events.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { restartsAndGoes } from './support/lifetime.ts';
import { connectionRoute, gateway, httpRoute, service } from './support/objects.ts';
import { programmed, readGateway, removeAndWait } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

vi.setConfig({ testTimeout: 120_000 });

const blocks = ownBlocks(process.pid);
const mapping = `10.0.0.0/16=${blocks.targets}`;
/** Only root can use ports below 1024. */
const portOffset = 10_000;

let rig: Rig;
const pods: { stop(): void }[] = [];

beforeAll(async () => {
  const dataPlane = { addresses: blocks.addresses, portOffset, mapTargets: [mapping] };
  rig = await startRig({ aws: { dataPlane, networkRegistrationSeconds: 2, releaseSeconds: 1 } });
  // The pods' addresses are the nodes'.
  delegateSubnets(rig.aws.world(), rig.seed);
});
afterAll(async () => {
  for (const pod of pods) pod.stop();
  await rig.stop();
});

/** A Service with two pods, whose port 80 is TCP and UDP. */
async function deploy(ns: string, name: string): Promise<void> {
  const ports = [
    { name: 'tcp', port: 80, targetPort: 8080, protocol: 'TCP' },
    { name: 'udp', port: 80, targetPort: 8080, protocol: 'UDP' },
  ];
  const addresses = await rig.backend(ns, name);
  for (const address of addresses) pods.push(await startPod([parseMapping(mapping)], address, 8080, name));
  await rig.apply([
    service(ns, name, { ports }),
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-both`, namespace: ns, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      ports: ports.map(({ name: portName, protocol }) => ({ name: portName, port: 8080, protocol })),
    },
  ]);
}

const listener = (name: string, protocol: string, port: number, more: Partial<Listener> = {}): Listener => ({
  name,
  protocol,
  port,
  ...more,
});

const route = (
  protocol: 'TCP' | 'UDP' | 'TLS',
  ns: string,
  name: string,
  backends: Readonly<Record<string, number>>,
): KubeObject =>
  connectionRoute(protocol, ns, name, [{ name: 'gw', sectionName: name }], backends, {
    ...(protocol === 'TLS' && { hostnames: ['a.example.com'] }),
  });

/** The address at which the NLB of the namespace's Gateway is reached. */
function addressOf(ns: string): string {
  const loadBalancer = awsOf(rig, `${ns}/gw`).loadBalancers.find(({ type }) => type === 'network');
  const found = rig.aws.reachable().find(({ arn }) => arn === loadBalancer?.arn);
  if (found === undefined) throw new Error('Expected an address');
  return found.address;
}

test('TCP, UDP and TLS reach the pods, changes lose nothing, a restart writes nothing, and deletion leaves nothing', async () => {
  const ns = await rig.freshNamespace('l4');
  for (const name of ['one', 'two']) await deploy(ns, name);
  const tls = await tlsSecret(ns, 'tls', ['a.example.com']);
  const listeners = [
    listener('postgres', 'TCP', 5432),
    listener('syslog', 'UDP', 514),
    listener('secure', 'TLS', 8443, { tls: { mode: 'Terminate', certificateRefs: [{ name: 'tls' }] } }),
  ];
  const gw = gateway(ns, 'gw', listeners);
  await rig.apply([
    tls,
    gw,
    route('TCP', ns, 'postgres', { one: 1 }),
    route('UDP', ns, 'syslog', { one: 1 }),
    route('TLS', ns, 'secure', { one: 1 }),
  ]);
  await programmed(rig, gw);
  const [found] = awsOf(rig, `${ns}/gw`).loadBalancers;
  expect((await readGateway(rig, ns, 'gw'))?.status?.addresses).toEqual([{ type: 'Hostname', value: found?.dnsName }]);
  const host = await eventually(() => addressOf(ns));
  const ca = new X509Certificate(String(Object(tls)['stringData']['tls.crt'])).toString();
  await eventually(async () => expect(await askTcp(host, portOffset + 5432)).toBe('one'));
  await eventually(async () => expect(await askUdp(host, portOffset + 514)).toBe('one'));
  await eventually(async () => expect(await askTls(host, portOffset + 8443, 'a.example.com', ca)).toBe('one'));

  // Another backend takes over when it is healthy.
  const clients = keepAsking(() => askTcp(host, portOffset + 5432));
  await rig.apply([route('TCP', ns, 'postgres', { two: 1 })]);
  await eventually(() => expect([...clients.answers.keys()].toSorted()).toEqual(['one', 'two']));
  expect(await clients.stop()).toEqual([]);

  await restartsAndGoes(rig, gw);
});

test('a TCP listener that becomes TCP and UDP, and then TCP again, loses no connection', async () => {
  const ns = await rig.freshNamespace('both');
  await deploy(ns, 'dns');
  const [tcp, udp] = [listener('tcp', 'TCP', 53), listener('udp', 'UDP', 53)];
  await rig.apply([gateway(ns, 'gw', [tcp]), route('TCP', ns, 'tcp', { dns: 1 })]);
  const gw = gateway(ns, 'gw', [tcp]);
  await programmed(rig, gw);
  const host = await eventually(() => addressOf(ns));
  const protocols = () => awsOf(rig, `${ns}/gw`).listeners.map((each) => each.listener.protocol);
  await eventually(async () => expect(await askTcp(host, portOffset + 53)).toBe('dns'));

  const clients = keepAsking(() => askTcp(host, portOffset + 53));
  await rig.apply([gateway(ns, 'gw', [tcp, udp]), route('UDP', ns, 'udp', { dns: 1 })]);
  await eventually(() => expect(protocols()).toEqual(['TCP_UDP']));
  await eventually(async () => expect(await askUdp(host, portOffset + 53)).toBe('dns'));

  // Both routes get another backend, one after the other: neither is left out in between.
  await deploy(ns, 'next');
  await rig.apply([route('TCP', ns, 'tcp', { next: 1 })]);
  const waits = () => awsOf(rig, `${ns}/gw`).listeners.map((each) => each.listener.tags.has(TAG.apart));
  await eventually(() => expect(waits()).toEqual([true]));
  await rig.apply([route('UDP', ns, 'udp', { next: 1 })]);
  await eventually(async () => expect(await askUdp(host, portOffset + 53)).toBe('next'));
  expect([protocols(), waits()]).toEqual([['TCP_UDP'], [false]]);

  await rig.apply([gw]);
  const groups = () => awsOf(rig, `${ns}/gw`).targetGroups.map(({ group }) => group.protocol);
  await eventually(() => expect(groups()).toContain('TCP'));
  await eventually(() => expect(protocols()).toEqual(['TCP']));
  await untilQuiet(rig);
  expect(await clients.stop()).toEqual([]);

  await removeAndWait(rig, gw);
  await eventually(() => expect(leftOf(rig, `${ns}/gw`)).toEqual([]));
});

/** A Service whose pods answer HTTP requests with the client's address, as the ALB names it. */
async function deployWeb(ns: string, name: string): Promise<void> {
  for (const address of await rig.backend(ns, name)) {
    const server = createServer((request, response) => response.end(String(request.headers['x-forwarded-for'])));
    server.listen(8080, mapAddress([parseMapping(mapping)], address));
    await once(server, 'listening');
    pods.push({ stop: () => void server.close() });
  }
}

/** The answer of the web Service's pods. */
const get = (address: string): Promise<string> => askHttp(address, portOffset + 8080);

test('a Gateway with HTTP and TCP listeners has one address for both, and its ALB admits the NLB alone', async () => {
  const ns = await rig.freshNamespace('mixed');
  await deployWeb(ns, 'web');
  await deploy(ns, 'db');
  const gw = gateway(ns, 'gw', [listener('http', 'HTTP', 8080), listener('db', 'TCP', 5432)]);
  await rig.apply([gw, httpRoute(ns, 'web', ['gw'], ['web']), route('TCP', ns, 'db', { db: 1 })]);
  await programmed(rig, gw);
  const host = await eventually(() => addressOf(ns));
  const { loadBalancers } = awsOf(rig, `${ns}/gw`);
  const [nlb, alb] = ['network', 'application'].map((type) => loadBalancers.find((each) => each.type === type));
  expect((await readGateway(rig, ns, 'gw'))?.status?.addresses).toEqual([{ type: 'Hostname', value: nlb?.dnsName }]);
  await eventually(async () => expect(await askTcp(host, portOffset + 5432)).toBe('db'));
  await eventually(async () => expect(await get(host)).toBe('127.0.0.1'));
  const behind = rig.aws.reachable().find(({ arn }) => arn === alb?.arn)?.address ?? '';
  await expect(get(behind)).rejects.toThrow('No answer');

  await restartsAndGoes(rig, gw);
});

/** The address in a Gateway's status. */
const announced = async (ns: string) => (await readGateway(rig, ns, 'gw'))?.status?.addresses?.[0]?.value;

test('a Gateway that gets a TCP listener loses no request at its old address, nor at the new one, over a restart', async () => {
  const seconds = 30;
  const flags = { 'handover-period': `${seconds}s` };
  await rig.restart({ flags });
  const ns = await rig.freshNamespace('form');
  await deployWeb(ns, 'web');
  await deploy(ns, 'db');
  const [http, db] = [listener('http', 'HTTP', 8080), listener('db', 'TCP', 5432)];
  const gw = gateway(ns, 'gw', [http]);
  await rig.apply([gw, httpRoute(ns, 'web', ['gw'], ['web']), route('TCP', ns, 'db', { db: 1 })]);
  await programmed(rig, gw);
  const [alb] = awsOf(rig, `${ns}/gw`).loadBalancers;
  const old = rig.aws.reachable().find(({ arn }) => arn === alb?.arn)?.address ?? '';
  await eventually(async () => expect(await get(old)).toBe('127.0.0.1'));

  const before = keepAsking(() => get(old));
  await rig.apply([gateway(ns, 'gw', [http, db])]);
  await eventually(async () => expect(await announced(ns)).not.toBe(alb?.dnsName));
  const changed = performance.now();
  const host = addressOf(ns);
  const after = [keepAsking(() => get(host)), keepAsking(() => askTcp(host, portOffset + 5432))];
  await rig.restart({ flags, signal: 'SIGKILL' });
  await programmed(rig, gw);
  await sleep(Math.max(0, 1000 * (seconds - 2) - (performance.now() - changed)));
  expect(await before.stop()).toEqual([]);
  await eventually(() => expect(get(old)).rejects.toThrow('No answer'));

  // Clients know the new address now, so it stays.
  await rig.apply([gateway(ns, 'gw', [http])]);
  await untilQuiet(rig);
  expect(await after[0]?.stop()).toEqual([]);
  await after[1]?.stop();
  expect(awsOf(rig, `${ns}/gw`).loadBalancers).toHaveLength(2);
  const events = (await eventsIn(rig, ns)).filter((event) => event.includes(' Address'));
  expect(events.toSorted()).toEqual([
    expect.stringMatching(/^Gateway Normal AddressChanged 1: /),
    expect.stringMatching(/^Gateway Normal AddressChanging 1: /),
  ]);
  await restartsAndGoes(rig, gw);
}, 240_000);
