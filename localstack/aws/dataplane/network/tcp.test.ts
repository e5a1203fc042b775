// docs.aws.amazon.com/elasticloadbalancing/latest/network/{introduction,network-load-balancers,load-balancer-target-groups,
// edit-target-group-attributes,target-group-health-checks}.html
import { once } from 'node:events';
import { createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import {
  DeleteLoadBalancerCommand,
  DeregisterTargetsCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { type Embedded, forward, notFound, path, present } from '../../testing/embedded.ts';
import { admit, Backend, healthOf, mapped, groupOf as pool, shutOut, startForwarding } from '../testing/forwarding.ts';
import { call, Echo, groupOf, nodeOf, say } from './testing/echo.ts';

const soon = { timeout: 20_000, interval: 100 };

const network = (aws: Embedded, input: object = {}) => aws.loadBalancer({ Type: 'network', ...input });

async function listen(aws: Embedded, TargetGroupArn: string, input: object = {}): Promise<string> {
  const loadBalancer = await network(aws);
  await aws.listener(loadBalancer, { Protocol: 'TCP', DefaultActions: forward(TargetGroupArn), ...input });
  return loadBalancer;
}

const set = (aws: Embedded, TargetGroupArn: string, ...pairs: readonly (readonly [string, string])[]) => {
  const Attributes = pairs.map(([Key, Value]) => ({ Key, Value }));
  return aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
};

const crossZone = (aws: Embedded, LoadBalancerArn: string, Value: 'true' | 'false') => {
  const Attributes = [{ Key: 'load_balancing.cross_zone.enabled', Value }];
  return aws.elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }));
};

const becomes = (aws: Embedded, group: string, ...states: string[]) =>
  vi.waitFor(async () => expect((await healthOf(aws, group)).toSorted()).toEqual(states), soon);

/** The targets that answer this many connections, each once, in order. */
async function answering(aws: Embedded, count: number, client: object = {}): Promise<string[]> {
  const answers = new Set<string>();
  for (let each = 0; each < count; each += 1) answers.add((await say(aws, '', client)).split(' ')[0] ?? '');
  return [...answers].toSorted();
}

test('a connection reaches a target, and what either side says after the other has ended arrives', async () => {
  await using aws = await startForwarding();
  await using echo = await Echo.start('10.0.48.9');
  await listen(aws, await groupOf(aws, [echo]));
  const text = 'x'.repeat(500_000);
  expect(await say(aws, text)).toBe(`10.0.48.9 ${nodeOf(aws)} ${text}`);
});

test('each zone has an address, and each sends to its own targets unless cross-zone is on', async () => {
  await using aws = await startForwarding();
  await using a = await Echo.start('10.0.48.9');
  await using b = await Echo.start('10.0.64.9');
  const group = await groupOf(aws, [a, b]);
  const loadBalancer = await listen(aws, group);
  const [zoneA, zoneB, zoneC] = ['us-east-1a', 'us-east-1b', 'us-east-1c'];
  expect(new Set([nodeOf(aws, zoneA), nodeOf(aws, zoneB), nodeOf(aws, zoneC)]).size).toBe(3);
  expect(await answering(aws, 8, { zone: zoneA })).toEqual(['10.0.48.9']);
  expect(await answering(aws, 8, { zone: zoneB })).toEqual(['10.0.64.9']);
  await expect(say(aws, '', { zone: zoneC })).rejects.toThrow('ECONNRESET');
  await crossZone(aws, loadBalancer, 'true');
  expect(await answering(aws, 20, { zone: zoneC })).toEqual(['10.0.48.9', '10.0.64.9']);
  await set(aws, group, ['load_balancing.cross_zone.enabled', 'false']);
  expect(await answering(aws, 8, { zone: zoneA })).toEqual(['10.0.48.9']);
});

test('a zone that the load balancer leaves loses its connections, and the others keep their addresses', async () => {
  await using aws = await startForwarding();
  await using a = await Echo.start('10.0.48.9');
  const LoadBalancerArn = await listen(aws, await groupOf(aws, [a]));
  await crossZone(aws, LoadBalancerArn, 'true');
  const before = nodeOf(aws, 'us-east-1a');
  const [kept, lost] = [await call(aws), await call(aws, { zone: 'us-east-1b' })];
  // The third connection is a health check.
  await vi.waitFor(() => expect(a.sockets.length).toBeGreaterThan(2));
  const reset = once(lost, 'error');
  const Subnets = aws.seed.publicSubnetIds.slice(0, 1);
  await aws.elb.send(new SetSubnetsCommand({ LoadBalancerArn, Subnets }));
  expect(aws.aws.reachable()[0]?.zones).toEqual([{ zone: 'us-east-1a', address: before, healthy: true }]);
  expect(String((await reset)[0])).toContain('ECONNRESET');
  kept.end('still there');
  expect(String((await once(kept, 'data'))[0])).toContain('still there');
  expect(await answering(aws, 1)).toEqual(['10.0.48.9']);
});

test('it answers at the private addresses that it was given', async () => {
  await using aws = await startForwarding();
  await using a = await Echo.start('10.0.48.9');
  const SubnetId = aws.seed.publicSubnetIds[0] ?? '';
  const SubnetMappings = [{ SubnetId, PrivateIPv4Address: '10.0.0.77' }];
  const loadBalancer = await network(aws, { Scheme: 'internal', SubnetMappings });
  await aws.listener(loadBalancer, { Protocol: 'TCP', DefaultActions: forward(await groupOf(aws, [a])) });
  expect(nodeOf(aws)).toBe(mapped('10.0.0.77'));
  expect(await say(aws, 'hello')).toBe(`10.0.48.9 ${mapped('10.0.0.77')} hello`);
});

test('connections are split by weight, and a weight of 0 gets none', async () => {
  await using aws = await startForwarding();
  await using blue = await Echo.start('10.0.48.9');
  await using green = await Echo.start('10.0.48.10');
  const [first, second] = [await groupOf(aws, [blue]), await groupOf(aws, [green], { Name: 'green' })];
  const weigh = (...weights: readonly [number, number]) => {
    const TargetGroups = [first, second].map((arn, index) => ({ TargetGroupArn: arn, Weight: weights[index] ?? 0 }));
    return [{ Type: 'forward' as const, ForwardConfig: { TargetGroups } }];
  };
  const listener = await aws.listener(await network(aws), { Protocol: 'TCP', DefaultActions: weigh(3, 1) });
  let ofBlue = 0;
  for (let each = 0; each < 120; each += 1) {
    if ((await say(aws, '')).startsWith(blue.target.Id + ' ')) ofBlue += 1;
  }
  expect(ofBlue).toBeGreaterThan(70);
  expect(ofBlue).toBeLessThan(110);
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn: listener, DefaultActions: weigh(0, 1) }));
  expect(await answering(aws, 10)).toEqual(['10.0.48.10']);
});

test('a client sticks to a target group by its address, where the action says so', async () => {
  await using aws = await startForwarding();
  await using a = await Echo.start('10.0.48.9');
  await using b = await Echo.start('10.0.48.10');
  const TargetGroups = [
    { TargetGroupArn: await groupOf(aws, [a]), Weight: 1 },
    { TargetGroupArn: await groupOf(aws, [b], { Name: 'b' }), Weight: 1 },
  ];
  const TargetGroupStickinessConfig = { Enabled: true, DurationSeconds: 60 };
  const ForwardConfig = { TargetGroups, TargetGroupStickinessConfig };
  const DefaultActions = [{ Type: 'forward' as const, ForwardConfig }];
  await aws.listener(await network(aws), { Protocol: 'TCP', DefaultActions });
  const owners = new Set<string>();
  for (let host = 1; host < 15; host += 1) {
    const ofClient = await answering(aws, 4, { from: `127.0.1.${host}` });
    expect(ofClient).toHaveLength(1);
    owners.add(ofClient[0] ?? '');
  }
  expect(owners.size).toBe(2);
});

test('the rule for IPv4 clients of a dualstack load balancer comes before its default action', async () => {
  await using aws = await startForwarding();
  await using a = await Echo.start('10.0.48.9');
  await using b = await Echo.start('10.0.48.10');
  const [first, second] = [await groupOf(aws, [a]), await groupOf(aws, [b], { Name: 'b' })];
  const loadBalancer = await network(aws, { IpAddressType: 'dualstack' });
  const ListenerArn = await aws.listener(loadBalancer, { Protocol: 'TCP', DefaultActions: forward(first) });
  const family = (IpAddressType: 'ipv4' | 'ipv6') => [{ Field: 'source-ip', SourceIpConfig: { IpAddressType } }];
  await aws.rule(ListenerArn, 1, { Conditions: family('ipv6'), Actions: forward(second) });
  expect(await answering(aws, 4)).toEqual(['10.0.48.9']);
  await aws.rule(ListenerArn, 2, { Conditions: family('ipv4'), Actions: forward(second) });
  expect(await answering(aws, 4)).toEqual(['10.0.48.10']);
});

test('targets see the client’s address where it is kept, else the load balancer’s in its zone', async () => {
  await using aws = await startForwarding();
  await using echo = await Echo.start('10.0.48.9');
  const group = await groupOf(aws, [echo]);
  await listen(aws, group);
  const seen = async () => (await say(aws, '', { from: '127.0.0.7' })).split(' ')[1];
  expect(await seen()).toBe(nodeOf(aws));
  await set(aws, group, ['preserve_client_ip.enabled', 'true']);
  expect(await seen()).toBe('127.0.0.7');
  expect(aws.aws.reachable()[0]?.listeners[0]?.clientAddress).toBeUndefined();
});

test('instances see the client’s address by default', async () => {
  await using aws = await startForwarding();
  const { instanceId, privateIp } = present(aws.seed.nodes[0]);
  await using _ = await Echo.start(privateIp);
  await listen(aws, await groupOf(aws, [{ target: { Id: instanceId, Port: 8080 } }], { TargetType: 'instance' }));
  expect(await say(aws, 'hello', { from: '127.0.0.7' })).toBe(`${privateIp} 127.0.0.7 hello`);
});

test('the proxy protocol sends the client’s address first, and health checks have none', async () => {
  await using aws = await startForwarding();
  const greetings: string[] = [];
  const server = createServer((socket) => {
    socket.once('data', (chunk) => greetings.push(chunk.toString('hex')));
    socket.on('error', () => {});
  });
  await using echo = await Echo.start('10.0.48.9');
  await using listening = await Echo.start('10.0.48.10', server);
  const group = await groupOf(aws, [echo]);
  await set(aws, group, ['proxy_protocol_v2.enabled', 'true']);
  await listen(aws, group, { Port: 443 });
  const answer = Buffer.from(await say(aws, 'hello', { port: 443, from: mapped('10.0.77.1') }), 'latin1');
  const header = answer.subarray(answer.indexOf('\r\n\r\n'));
  expect(header.subarray(0, 16).toString('hex')).toBe('0d0a0d0a000d0a515549540a2111000c');
  expect([...header.subarray(16, 20)]).toEqual([10, 0, 77, 1]);
  // The node's own address, in the first public subnet.
  expect([...header.subarray(20, 22)]).toEqual([10, 0]);
  expect(header.readUInt16BE(26)).toBe(443);
  expect(header.subarray(28).toString()).toBe('hello');
  await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ ...listening.target }] }));
  await vi.waitFor(() => expect(greetings).toContain('0d0a0d0a000d0a515549540a20000000'), soon);
});

test('with stickiness one client address keeps to one target, and others spread', async () => {
  await using aws = await startForwarding();
  await using a = await Echo.start('10.0.48.9');
  await using b = await Echo.start('10.0.48.10');
  await using c = await Echo.start('10.0.48.11');
  const group = await groupOf(aws, [a, b, c]);
  await set(aws, group, ['stickiness.enabled', 'true']);
  await listen(aws, group);
  expect(await answering(aws, 10, { from: '127.0.0.7' })).toHaveLength(1);
  const all = new Set<string>();
  for (let host = 1; host < 30; host += 1) {
    for (const each of await answering(aws, 1, { from: `127.0.1.${host}` })) all.add(each);
  }
  expect(all.size).toBe(3);
});

test('a deregistered target keeps its connections and gets no new ones; if its attribute says so, the load balancer ends them', async () => {
  await using aws = await startForwarding({ drainingSecondsMax: 1 });
  await using a = await Echo.start('10.0.48.9');
  await using b = await Echo.start('10.0.48.10');
  const group = await groupOf(aws, [a]);
  await listen(aws, group);
  const kept = await call(aws);
  await vi.waitFor(() => expect(a.sockets.length).toBeGreaterThan(0));
  await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ ...b.target }] }));
  await becomes(aws, group, 'healthy', 'healthy');
  await aws.elb.send(new DeregisterTargetsCommand({ TargetGroupArn: group, Targets: [{ ...a.target }] }));
  expect(await answering(aws, 8)).toEqual(['10.0.48.10']);
  await becomes(aws, group, 'healthy');
  kept.end('still there');
  expect(String((await once(kept, 'data'))[0])).toContain('10.0.48.9');
  await set(aws, group, ['deregistration_delay.connection_termination.enabled', 'true']);
  const ended = await call(aws);
  const reset = once(ended, 'error');
  await aws.elb.send(new DeregisterTargetsCommand({ TargetGroupArn: group, Targets: [{ ...b.target }] }));
  expect(String((await reset)[0])).toContain('ECONNRESET');
}, 30_000);

test('a target that is being registered gets no connections, and one that is being deregistered still gets some', async () => {
  await using aws = await startForwarding({ networkRegistrationSeconds: 1, networkDeregistrationSeconds: 2 });
  await using a = await Echo.start('10.0.48.9');
  const group = await groupOf(aws, [a]);
  await listen(aws, group);
  await expect(say(aws, '')).rejects.toThrow('ECONNRESET');
  expect(await healthOf(aws, group)).toEqual(['initial Elb.RegistrationInProgress']);
  await becomes(aws, group, 'healthy');
  expect(await answering(aws, 2)).toEqual(['10.0.48.9']);
  await aws.elb.send(new DeregisterTargetsCommand({ TargetGroupArn: group, Targets: [{ ...a.target }] }));
  expect(await healthOf(aws, group)).toEqual(['draining Target.DeregistrationInProgress']);
  expect(await answering(aws, 2)).toEqual(['10.0.48.9']);
  await vi.waitFor(() => expect(say(aws, '')).rejects.toThrow('ECONNRESET'), soon);
});

test('connections to a target that turns unhealthy are reset while another is healthy, and kept when none is', async () => {
  await using aws = await startForwarding();
  const a = await Echo.start('10.0.48.9');
  await using b = await Echo.start('10.0.48.10');
  const brisk = { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2, UnhealthyThresholdCount: 2 };
  const health = createServer((socket) => socket.end()).listen(9090, mapped('10.0.48.9'));
  const other = createServer((socket) => socket.end()).listen(9090, mapped('10.0.48.10'));
  const group = await groupOf(aws, [a], { ...brisk, HealthCheckPort: '9090' });
  await listen(aws, group);
  await becomes(aws, group, 'healthy');
  const toA = await call(aws);
  await vi.waitFor(() => expect(a.sockets.length).toBe(1));
  health.close();
  await becomes(aws, group, 'unhealthy Target.FailedHealthChecks');
  // It fails open: the only target still serves old and new connections.
  expect(await answering(aws, 1)).toEqual(['10.0.48.9']);
  const reset = once(toA, 'error');
  await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ ...b.target }] }));
  expect(String((await reset)[0])).toContain('ECONNRESET');
  expect(await answering(aws, 5)).toEqual(['10.0.48.10']);
  other.close();
  await a[Symbol.asyncDispose]();
}, 40_000);

test('without termination an unhealthy target drains for its interval', async () => {
  await using aws = await startForwarding();
  await using a = await Echo.start('10.0.48.9');
  const brisk = { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2, UnhealthyThresholdCount: 2 };
  const group = await groupOf(aws, [a], { ...brisk, HealthCheckPort: '9091' });
  const unhealthy = 'target_health_state.unhealthy';
  await set(
    aws,
    group,
    [`${unhealthy}.connection_termination.enabled`, 'false'],
    [`${unhealthy}.draining_interval_seconds`, '2'],
  );
  await listen(aws, group);
  const states = new Set<string>();
  await vi.waitFor(async () => {
    for (const each of await healthOf(aws, group)) states.add(each);
    expect(states).toContain('unhealthy Target.FailedHealthChecks');
  }, soon);
  expect(states).toContain('unhealthy.draining Target.FailedHealthChecks');
}, 40_000);

test('without a target, and to one that refuses, connections are reset', async () => {
  await using aws = await startForwarding();
  const group = await groupOf(aws, [{ target: { Id: '10.0.48.9', Port: 8080 } }]);
  const empty = await aws.targetGroup({ Name: 'empty', Protocol: 'TCP' });
  const loadBalancer = await listen(aws, group);
  await aws.listener(loadBalancer, { Protocol: 'TCP', Port: 81, DefaultActions: forward(empty) });
  await expect(say(aws, '')).rejects.toThrow('ECONNRESET');
  await expect(say(aws, '', { port: 81 })).rejects.toThrow('ECONNRESET');
});

test('security groups count: the target’s for the client where that is kept, and the load balancer’s own', async () => {
  await using aws = await startForwarding();
  const { instanceId, privateIp } = present(aws.seed.nodes[0]);
  await using _ = await Echo.start(privateIp);
  const group = await groupOf(aws, [{ target: { Id: instanceId, Port: 8080 } }], { TargetType: 'instance' });
  const GroupName = 'narrow';
  const made = await aws.ec2.send(
    new CreateSecurityGroupCommand({ GroupName, Description: GroupName, VpcId: aws.seed.vpcId }),
  );
  const narrow = present(made.GroupId);
  await admit(aws, narrow, { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '10.0.77.0/24' }] });
  const DefaultActions = forward(group);
  await aws.listener(await network(aws, { SecurityGroups: [narrow] }), { Protocol: 'TCP', DefaultActions });
  const [inside, outside] = [mapped('10.0.77.1'), mapped('10.0.78.1')];
  expect(await say(aws, 'hello', { from: inside })).toContain('hello');
  const silent = (from: string) =>
    Promise.race([say(aws, '', { from }).catch(String), new Promise((resolve) => setTimeout(resolve, 400, 'silence'))]);
  expect(await silent(outside)).toBe('silence');
  await shutOut(aws, aws.seed.nodeSecurityGroupId);
  expect(await silent(inside)).toBe('silence');
  const client = { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '10.0.77.1/32' }] };
  await admit(aws, aws.seed.nodeSecurityGroupId, client);
  expect(await say(aws, 'hello', { from: inside })).toContain('hello');
});

test('an Application Load Balancer behind it sees the client', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9');
  const app = await aws.loadBalancer({ Name: 'app' });
  const listener = await aws.listener(app, { DefaultActions: notFound });
  await aws.rule(listener, 1, { Conditions: path('/app'), Actions: forward(await pool(aws, [backend])) });
  const group = await groupOf(aws, [], { Name: 'alb', TargetType: 'alb', Port: 80 });
  await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: app }] }));
  await listen(aws, group, { Port: 8000 });
  const socket = await call(aws, { port: 8000, from: '127.0.0.7' });
  socket.write('GET /app HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  expect(String(await buffer(socket))).toMatch(/^HTTP\/1.1 200/);
  expect(backend.received[0]?.headers['x-forwarded-for']).toBe('127.0.0.7');
  // It answers health checks with 404, which is not healthy: the load balancer fails open.
  await vi.waitFor(async () => expect((await healthOf(aws, group))[0]).toMatch(/^(initial|unhealthy)/), soon);
});

test('a deleted load balancer ends its connections, and a moved listener is where it has moved to', async () => {
  await using aws = await startForwarding();
  await using echo = await Echo.start('10.0.48.9');
  const group = await groupOf(aws, [echo]);
  const LoadBalancerArn = await network(aws);
  const ListenerArn = await aws.listener(LoadBalancerArn, { Protocol: 'TCP', DefaultActions: forward(group) });
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, Port: 90 }));
  await expect(say(aws, '')).rejects.toThrow('ECONNREFUSED');
  const open = await call(aws, { port: 90 });
  await vi.waitFor(() => expect(echo.sockets.length).toBeGreaterThan(0));
  const reset = once(open, 'error');
  await aws.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }));
  expect(String((await reset)[0])).toContain('ECONNRESET');
  expect(aws.aws.reachable()).toEqual([]);
});

test('a reset of everything ends connections too', async () => {
  await using aws = await startForwarding();
  await using echo = await Echo.start('10.0.48.9');
  await listen(aws, await groupOf(aws, [echo]));
  const open = await call(aws);
  await vi.waitFor(() => expect(echo.sockets.length).toBeGreaterThan(0));
  const reset = once(open, 'error');
  aws.aws.reset();
  expect(String((await reset)[0])).toContain('ECONNRESET');
});
