// docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#connection-idle-timeout
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeregisterTargetsCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { type Embedded, forward, present } from '../../testing/embedded.ts';
import { portOffset, startForwarding } from '../testing/forwarding.ts';
import { Echo, groupOf, nodeOf, say, udpClient, udpEcho } from './testing/echo.ts';

const ownerOf = (answer: string): string => answer.split(' ')[0] ?? '';

async function listen(aws: Embedded, TargetGroupArn: string, Protocol: 'UDP' | 'TCP_UDP' = 'UDP'): Promise<string> {
  const loadBalancer = await aws.loadBalancer({ Type: 'network' });
  await aws.listener(loadBalancer, { Protocol, DefaultActions: forward(TargetGroupArn) });
  return loadBalancer;
}

test('a packet reaches a target, which sees the client’s address, and its answer comes back', async () => {
  await using aws = await startForwarding();
  using echo = await udpEcho('10.0.48.9');
  await listen(aws, await groupOf(aws, [echo], { Protocol: 'UDP' }));
  using client = await udpClient(aws, { from: '127.0.0.7' });
  expect(await client.say('one')).toBe('10.0.48.9 127.0.0.7 one');
  expect(await client.say('two')).toBe('10.0.48.9 127.0.0.7 two');
});

test('the packets of one flow go to one target, those of many to all', async () => {
  await using aws = await startForwarding();
  using a = await udpEcho('10.0.48.9');
  using b = await udpEcho('10.0.48.10');
  await listen(aws, await groupOf(aws, [a, b], { Protocol: 'UDP' }));
  const owners = new Set<string>();
  for (let each = 0; each < 20; each += 1) {
    using client = await udpClient(aws);
    const owner = ownerOf(await client.say('first'));
    expect(ownerOf(await client.say('second'))).toBe(owner);
    owners.add(owner);
  }
  expect(owners.size).toBe(2);
});

test('a TCP_UDP listener takes both on one port', async () => {
  await using aws = await startForwarding();
  await using tcp = await Echo.start('10.0.48.9');
  using udp = await udpEcho('10.0.48.9');
  await listen(aws, await groupOf(aws, [tcp], { Protocol: 'TCP_UDP' }), 'TCP_UDP');
  using client = await udpClient(aws);
  expect(await client.say('by UDP')).toBe(`${udp.target.Id} 127.0.0.1 by UDP`);
  expect(await say(aws, 'by TCP')).toBe('10.0.48.9 127.0.0.1 by TCP');
});

test('a TCP listener that becomes a TCP_UDP listener goes on listening, and back', async () => {
  await using aws = await startForwarding();
  await using tcp = await Echo.start('10.0.48.9');
  using _ = await udpEcho('10.0.48.9');
  const DefaultActions = forward(await groupOf(aws, [tcp], { Protocol: 'TCP_UDP' }));
  const loadBalancer = await aws.loadBalancer({ Type: 'network' });
  const ListenerArn = await aws.listener(loadBalancer, { Protocol: 'TCP', DefaultActions });
  for (const Protocol of ['TCP_UDP', 'TCP'] as const) {
    const modified = aws.elb.send(new ModifyListenerCommand({ ListenerArn, Protocol }));
    const answers = Array.from({ length: 40 }, (_one, index) => sleep(index).then(() => say(aws, 'hello')));
    for (const answer of await Promise.all(answers)) expect(answer).toBe('10.0.48.9 127.0.0.1 hello');
    await modified;
    if (Protocol === 'TCP') break;
    using client = await udpClient(aws);
    expect(ownerOf(await client.say('by UDP'))).toBe('10.0.48.9');
  }
});

test('the flows of a target that has drained go to another one', async () => {
  await using aws = await startForwarding({ drainingSecondsMax: 1 });
  using a = await udpEcho('10.0.48.9');
  using b = await udpEcho('10.0.48.10');
  const group = await groupOf(aws, [a], { Protocol: 'UDP' });
  await listen(aws, group);
  using client = await udpClient(aws);
  expect(ownerOf(await client.say('before'))).toBe('10.0.48.9');
  await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ ...b.target }] }));
  await aws.elb.send(new DeregisterTargetsCommand({ TargetGroupArn: group, Targets: [{ ...a.target }] }));
  expect(ownerOf(await client.say('while it drains'))).toBe('10.0.48.9');
  await vi.waitFor(async () => expect(ownerOf(await client.say('after'))).toBe('10.0.48.10'), { timeout: 10_000 });
});

test('what nobody takes is dropped, and taken as soon as someone does', async () => {
  await using aws = await startForwarding();
  const group = await groupOf(aws, [], { Protocol: 'UDP' });
  await listen(aws, group);
  using client = await udpClient(aws);
  expect(await Promise.race([client.say('lost'), sleep(200, 'nothing')])).toBe('nothing');
  using echo = await udpEcho('10.0.48.9');
  await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ ...echo.target }] }));
  expect(await client.say('found')).toContain('found');
});

test('each zone has a socket, and an unhealthy zone leaves DNS while another is healthy', async () => {
  await using aws = await startForwarding({ dns: '127.0.0.1:0' });
  using a = await udpEcho('10.0.48.9');
  await using health = await Echo.start('10.0.48.9');
  const brisk = { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2, UnhealthyThresholdCount: 2 };
  const group = await groupOf(aws, [health], { Protocol: 'UDP', ...brisk });
  const loadBalancer = await listen(aws, group);
  using client = await udpClient(aws, { zone: 'us-east-1a' });
  expect(await client.say('hello')).toContain(a.target.Id);
  const resolver = new Resolver();
  resolver.setServers([present(aws.aws.dns)]);
  const { dnsName } = present(aws.aws.reachable()[0]);
  const [zoneA, zoneB] = [nodeOf(aws, 'us-east-1a'), nodeOf(aws, 'us-east-1b')];
  await vi.waitFor(async () => expect(await resolver.resolve4(dnsName)).toEqual([zoneA]), { timeout: 10_000 });
  expect(await resolver.resolve4(`us-east-1b.${dnsName}`)).toEqual([zoneB]);
  await aws.elb.send(
    new ModifyLoadBalancerAttributesCommand({
      LoadBalancerArn: loadBalancer,
      Attributes: [{ Key: 'load_balancing.cross_zone.enabled', Value: 'true' }],
    }),
  );
  expect(await resolver.resolve4(dnsName)).toHaveLength(3);
});

test('an address that is in use is reported', async () => {
  await using aws = await startForwarding();
  using echo = await udpEcho('10.0.48.9');
  const group = await groupOf(aws, [echo], { Protocol: 'UDP' });
  const loadBalancer = await aws.loadBalancer({ Type: 'network' });
  const taken = createSocket('udp4');
  await new Promise<void>((resolve) => {
    taken.bind(80 + portOffset, nodeOf(aws), resolve);
  });
  await aws.listener(loadBalancer, { Protocol: 'UDP', DefaultActions: forward(group) });
  // With the offset the port is too large.
  await aws.listener(loadBalancer, { Protocol: 'UDP', Port: 60_000, DefaultActions: forward(group) });
  const { listeners } = present(aws.aws.reachable()[0]);
  expect(listeners.map(({ error }) => error)).toEqual([
    expect.stringContaining('EADDRINUSE'),
    expect.stringContaining('70000'),
  ]);
  taken.close();
});
