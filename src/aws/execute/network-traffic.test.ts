// Real connections through an NLB of the embedded AWS, while its listener changes.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { ownBlocks } from '../../../localstack/aws/dataplane/own-blocks.ts';
import { mapAddress, parseMapping } from '../../../localstack/aws/dataplane/target-address.ts';
import { type Controller, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { type NetworkGateway, networkGateway } from '../testing/network-gateway.ts';

const blocks = ownBlocks(process.pid);
const mapping = `10.0.0.0/16=${blocks.targets}`;
/** Only root can use ports below 1024. */
const portOffset = 10_000;

const rig = eachTestOnAws({
  networkRegistrationSeconds: 0.5,
  networkDeregistrationSeconds: 0.5,
  dataPlane: { addresses: blocks.addresses, portOffset, mapTargets: [mapping] },
});

/** The nodes answer TCP and UDP with their address, and admit everyone. */
async function startNodes(controller: Controller): Promise<Disposable> {
  await controller.clients.ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: rig.seed.nodeSecurityGroupId,
      IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
  rig.kept.targets = rig.seed.nodes.map(({ privateIp }) => ({ id: privateIp, port: 8080 }));
  const opened = rig.seed.nodes.map(({ privateIp }) => {
    const host = mapAddress([parseMapping(mapping)], privateIp);
    const tcp = createServer((socket) => socket.on('error', () => socket.destroy()).end('answer'));
    const udp = createSocket('udp4');
    udp.on('message', (_, client) => udp.send('answer', client.port, client.address));
    return { tcp: tcp.listen(8080, host), udp: udp.bind(8080, host) };
  });
  await Promise.all(opened.map(({ tcp, udp }) => Promise.all([once(tcp, 'listening'), once(udp, 'listening')])));
  return {
    [Symbol.dispose]: () => {
      for (const { tcp, udp } of opened) {
        tcp.close();
        udp.close();
      }
    },
  };
}

async function askTcp(host: string): Promise<string> {
  const socket = connect({ host, port: 53 + portOffset });
  socket.setTimeout(3000, () => socket.destroy(new Error('No answer')));
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString();
}

async function askUdp(address: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.send('hello', 53 + portOffset, address);
    const [answer]: unknown[] = await once(socket, 'message', { signal: AbortSignal.timeout(3000) });
    return String(answer);
  } finally {
    socket.close();
  }
}

/** Runs passes until nothing is left to do or to wait for. */
async function settle(controller: Controller, wanted: NetworkGateway): Promise<void> {
  const model = networkGateway(rig.seed, wanted);
  for (let pass = 0; pass < 100; pass += 1) {
    const plan = controller.plan(model);
    if (plan.steps.length === 0 && plan.pending.length === 0) return;
    expect((await controller.apply(model)).problems).toEqual([]);
    const groups = controller.inventory.owned(gateway).filter(({ kind }) => kind === 'target-group');
    await controller.inventory.refreshTargetHealth(groups.map(({ arn }) => arn));
    await sleep(100);
  }
  throw new Error('Expected an end');
}

test('a TCP listener that becomes TCP and UDP, and then TCP again, loses no connection', async () => {
  const controller = await rig.start();
  using _ = await startNodes(controller);
  await settle(controller, { listeners: { 53: 'TCP' } });
  const host = rig.aws.reachable()[0]?.address ?? '';
  const isAnswered = () =>
    askTcp(host).then(
      (answer) => answer === 'answer',
      () => false,
    );
  await expect.poll(isAnswered, { timeout: 10_000 }).toBe(true);

  const failures: string[] = [];
  let answered = 0;
  const end = new AbortController();
  const clients = (async () => {
    while (!end.signal.aborted) {
      await askTcp(host).then(
        (answer) => (answer === 'answer' ? (answered += 1) : failures.push('cut off')),
        (error: unknown) => failures.push(String(error)),
      );
      await sleep(5);
    }
  })();
  const protocols = () => [...rig.aws.world().elbv2.listeners.values()].map(({ protocol }) => protocol);
  await settle(controller, { listeners: { 53: 'TCP_UDP' } });
  expect(protocols()).toEqual(['TCP_UDP']);
  expect(await askUdp(host)).toBe('answer');
  await settle(controller, { listeners: { 53: 'TCP' } });
  expect(protocols()).toEqual(['TCP']);
  await sleep(500);
  end.abort();
  await clients;
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(100);
}, 60_000);
