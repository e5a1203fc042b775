// The loopback interface has one IPv6 address. The load balancer's only zone and the targets share it.
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { AuthorizeSecurityGroupIngressCommand, DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  type CreateTargetGroupCommandInput,
  ModifyTargetGroupAttributesCommand,
  SetIpAddressTypeCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { type Embedded, forward, notFound, present } from '../../testing/embedded.ts';
import { ownBlocks } from '../own-blocks.ts';
import { defaultGroup, healthOf, portOffset, startForwarding } from '../testing/forwarding.ts';
import { Echo, groupOf, nodeOf, say } from './testing/echo.ts';

/** Other processes use the address, too. */
const targetPort = 22_000 + (process.pid % 10_000);
const port = targetPort - 10_000 - portOffset;

/** An address of the first private subnet. The ids are the same each time, so it is known before the start. */
async function address6(): Promise<string> {
  await using aws = await startForwarding();
  const SubnetIds = aws.seed.privateSubnetIds.slice(0, 1);
  const { Subnets } = await aws.ec2.send(new DescribeSubnetsCommand({ SubnetIds }));
  const block = present(Subnets?.[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock);
  return block.replace('::/64', '::abcd');
}

const target = await address6();

async function startDualstack(): Promise<Embedded> {
  const { addresses, targets } = ownBlocks(process.pid);
  const mapTargets = [`10.0.0.0/16=${targets}`, `${target}/128=::1/128`];
  const aws = await startForwarding({
    dns: '127.0.0.1:0',
    dataPlane: { addresses, addresses6: '::1/128', portOffset, mapTargets },
  });
  const IpPermissions = [{ IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0' }] }];
  for (const GroupId of [await defaultGroup(aws), aws.seed.nodeSecurityGroupId]) {
    await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  }
  return aws;
}

const network = (aws: Embedded, input: object = {}) =>
  aws.loadBalancer({
    Type: 'network',
    IpAddressType: 'dualstack',
    Subnets: aws.seed.publicSubnetIds.slice(0, 1),
    ...input,
  });

const group6 = (aws: Embedded, input: Partial<CreateTargetGroupCommandInput> = {}) =>
  groupOf(aws, [{ target: { Id: target, Port: targetPort } }], { IpAddressType: 'ipv6', ...input });

/** Answers with the client's address and text. */
async function echo6(): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    void buffer(socket).then(
      (said) => socket.end(`${socket.remoteAddress} ${said.toString('latin1')}`, 'latin1'),
      () => {},
    );
  });
  await once(server.listen(targetPort, '::1'), 'listening');
  return server;
}

function say6(said: string): Promise<string> {
  const socket = connect({ host: '::1', port: port + portOffset, allowHalfOpen: true });
  socket.end(said);
  return text(socket);
}

test('clients of both families reach an IPv6 target, and each finds its address by name', async () => {
  await using aws = await startDualstack();
  await using _ = await echo6();
  const group = await group6(aws);
  const loadBalancer = await network(aws);
  await aws.listener(loadBalancer, { Protocol: 'TCP', Port: port, DefaultActions: forward(group) });
  await vi.waitFor(async () => expect(await healthOf(aws, group)).toEqual(['healthy']));
  expect(await say6('hello')).toBe('::1 hello');
  expect(await say(aws, 'hello', { port })).toBe('::1 hello');

  const resolver = new Resolver();
  resolver.setServers([present(aws.aws.dns)]);
  const { dnsName } = present(aws.aws.reachable()[0]);
  expect(await resolver.resolve6(dnsName)).toEqual(['::1']);
  expect(await resolver.resolve6(`us-east-1a.${dnsName}`)).toEqual(['::1']);
  expect(await resolver.resolve4(dnsName)).toEqual([nodeOf(aws)]);

  const Attributes = [{ Key: 'proxy_protocol_v2.enabled', Value: 'true' }];
  await aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: group, Attributes }));
  const header = Buffer.from('0d0a0d0a000d0a515549540a21210024', 'hex').toString('latin1');
  const answer = Buffer.from(await say(aws, 'hello', { port }), 'latin1').toString('latin1');
  expect(answer).not.toContain(header);
  expect(await say6('hello')).toContain(header);
});

test('an IPv4 target sees the load balancer in place of an IPv6 client, also where addresses are kept', async () => {
  await using aws = await startDualstack();
  await using echo = await Echo.start('10.0.48.9');
  const group = await groupOf(aws, [echo]);
  const Attributes = [{ Key: 'preserve_client_ip.enabled', Value: 'true' }];
  await aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: group, Attributes }));
  const LoadBalancerArn = await network(aws);
  await aws.listener(LoadBalancerArn, { Protocol: 'TCP', Port: port, DefaultActions: forward(group) });
  expect(await say6('hello')).toBe(`10.0.48.9 ${nodeOf(aws)} hello`);
  await aws.elb.send(new SetIpAddressTypeCommand({ LoadBalancerArn, IpAddressType: 'ipv4' }));
  await expect(say6('hello')).rejects.toThrow('ECONNREFUSED');
});

test('a packet of an IPv6 client reaches an IPv6 target, and its answer comes back', async () => {
  await using aws = await startDualstack();
  const server = createSocket('udp6').bind(targetPort, '::1');
  const client = createSocket('udp6').bind(0, '::1');
  server.on('message', (message, from) =>
    server.send(`${from.address} ${message.toString()}`, from.port, from.address),
  );
  await Promise.all([once(server, 'listening'), once(client, 'listening')]);
  const loadBalancer = await network(aws, { EnablePrefixForIpv6SourceNat: 'on' });
  const DefaultActions = forward(await group6(aws, { Protocol: 'UDP' }));
  await aws.listener(loadBalancer, { Protocol: 'UDP', Port: port, DefaultActions });
  const answered = once(client, 'message');
  client.send('hello', port + portOffset, '::1');
  expect(String((await answered)[0])).toBe('::1 hello');
  server.close();
  client.close();
});

test('a dualstack Application Load Balancer answers at both addresses', async () => {
  await using aws = await startDualstack();
  const loadBalancer = await aws.loadBalancer({ IpAddressType: 'dualstack' });
  await aws.listener(loadBalancer, { Port: port, DefaultActions: notFound });
  const { address, address6: own } = present(aws.aws.reachable()[0]);
  for (const host of [address, `[${own}]`]) {
    expect((await fetch(`http://${host}:${port + portOffset}/`)).status).toBe(404);
  }
});
