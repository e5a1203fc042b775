// docs.aws.amazon.com/elasticloadbalancing/latest/application/{introduction,listener-rules,x-forwarded-headers,
// load-balancer-request-tracing,load-balancer-troubleshooting}.html

import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  type Action,
  CreateRuleCommand,
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeregisterTargetsCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  type RuleCondition,
  type RuleTransform,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { Embedded, forward, notFound, path, present } from '../testing/embedded.ts';
import { ask, Backend, groupOf, healthOf, mapped, portOffset, startForwarding } from './testing/forwarding.ts';

test('without the option nothing listens, and the list says so', async () => {
  await using aws = await Embedded.start();
  await aws.listener(await aws.loadBalancer());
  expect(aws.aws.reachable()).toEqual([]);
  expect((await fetch(`${aws.aws.url}/_aws/load-balancers`)).status).toBe(404);
});

test('a load balancer gets an address when it is active, and says where its listeners are', async () => {
  await using aws = await startForwarding({ provisioningSeconds: 0.3 });
  const arn = await aws.loadBalancer();
  await aws.listener(arn, { Port: 8080 });
  expect(aws.aws.reachable()).toEqual([]);
  await vi.waitFor(() => expect(aws.aws.reachable()).toHaveLength(1));
  const listed: unknown = await (await fetch(`${aws.aws.url}/_aws/load-balancers`)).json();
  expect(listed).toMatchObject([
    { arn, name: 'web', address: expect.stringMatching(/^127\./), listeners: [{ port: 8080, socketPort: 18_080 }] },
  ]);
  expect((await ask(aws, '/', { port: 8080 })).status).toBe(404);
});

test('a listener whose port is none with the offset says so, and harms no other', async () => {
  await using aws = await startForwarding();
  const arn = await aws.loadBalancer();
  await aws.listener(arn, { Port: 60_000 });
  await aws.listener(arn);
  expect((await ask(aws, '/')).status).toBe(404);
  const [wrong, right] = present(aws.aws.reachable()[0]).listeners;
  expect([wrong?.error, right?.error]).toEqual([expect.stringContaining('70000'), undefined]);
});

test('a request is forwarded with its body, and its headers say where it came from', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9', (incoming, response) => {
    response.writeHead(201, { 'x-made': ['a', 'b'] });
    incoming.pipe(response);
  });
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(await groupOf(aws, [backend])) });
  const body = 'x'.repeat(200_000);
  const headers = { 'x-forwarded-for': '203.0.113.9', host: 'example.com:10080', connection: 'x-hop', 'x-kept': '1' };
  const answer = await ask(aws, '/a?b=c', { method: 'POST', body, headers, from: '127.0.0.7' });
  expect([answer.status, answer.body === body, answer.headers['x-made']]).toEqual([201, true, 'a, b']);
  expect(answer.headers.server).toBeUndefined();
  const [received] = backend.received;
  expect([received?.method, received?.url]).toEqual(['POST', '/a?b=c']);
  expect(received?.headers).toMatchObject({
    host: 'example.com',
    'x-kept': '1',
    'x-forwarded-for': '203.0.113.9, 127.0.0.7',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': '80',
    'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
  });
});

test('rules route by priority, take turns among targets, and change at once under an open connection', async () => {
  await using aws = await startForwarding();
  await using first = await Backend.start('10.0.48.9');
  await using second = await Backend.start('10.0.48.10');
  const group = await groupOf(aws, [first, second]);
  const listener = await aws.listener(await aws.loadBalancer());
  expect((await ask(aws, '/api')).status).toBe(404);
  await aws.rule(listener, 10, { Conditions: path('/api*'), Actions: forward(group) });
  await vi.waitFor(async () => expect(await healthOf(aws, group)).toEqual(['healthy', 'healthy']));
  const answers = [];
  for (let count = 0; count < 4; count += 1) answers.push((await ask(aws, '/api')).body);
  expect(answers.toSorted()).toEqual(['10.0.48.10', '10.0.48.10', '10.0.48.9', '10.0.48.9']);
  const fixed = { StatusCode: '200', ContentType: 'application/json', MessageBody: '{"up":true}' };
  await aws.rule(listener, 5, {
    Conditions: path('/api/up'),
    Actions: [{ Type: 'fixed-response', FixedResponseConfig: fixed }],
  });
  const answer = await ask(aws, '/api/up');
  expect([answer.body, answer.headers['content-type'], answer.headers.server]).toEqual([
    '{"up":true}',
    'application/json; charset=utf-8',
    'awselb/2.0',
  ]);
});

test('transforms rewrite what the target sees, and one that fails is answered with 500', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9');
  const group = await groupOf(aws, [backend]);
  const ListenerArn = await aws.listener(await aws.loadBalancer());
  const rule = { ListenerArn, Actions: forward(group) };
  const rewrite = (Regex: string, Replace: string): RuleTransform[] => [
    { Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex, Replace }] } },
  ];
  await aws.elb.send(
    new CreateRuleCommand({ ...rule, Priority: 1, Conditions: path('/old/*'), Transforms: rewrite('^/old', '/new') }),
  );
  await aws.elb.send(
    new CreateRuleCommand({ ...rule, Priority: 2, Conditions: path('/bad/*'), Transforms: rewrite('^/bad/', '') }),
  );
  expect((await ask(aws, '/old/x?y=z')).status).toBe(200);
  expect(backend.received.map(({ url }) => url)).toEqual(['/new/x?y=z']);
  expect((await ask(aws, '/bad/x')).status).toBe(500);
});

test('a redirect has host, port, path and query', async () => {
  await using aws = await startForwarding();
  const RedirectConfig = { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } as const;
  await aws.listener(await aws.loadBalancer(), { DefaultActions: [{ Type: 'redirect', RedirectConfig }] });
  const answer = await ask(aws, '/a?b=c', { headers: { host: 'example.com' } });
  expect([answer.status, answer.headers.location]).toEqual([301, 'https://example.com:443/a?b=c']);
});

test('requests are split by weight, a weight of 0 gets none, and all of 0 is 503', async () => {
  await using aws = await startForwarding();
  await using a = await Backend.start('10.0.48.9');
  await using b = await Backend.start('10.0.48.10');
  const groups = [await groupOf(aws, [a], { Name: 'a' }), await groupOf(aws, [b], { Name: 'b' })];
  const split = (...weights: number[]) => [
    {
      Type: 'forward' as const,
      ForwardConfig: {
        TargetGroups: groups.map((TargetGroupArn, index) => ({ TargetGroupArn, Weight: present(weights[index]) })),
      },
    },
  ];
  const ListenerArn = await aws.listener(await aws.loadBalancer(), { DefaultActions: split(3, 1) });
  const count = async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(aws, '/')));
    return answers.filter(({ body }) => body === '10.0.48.10').length;
  };
  const share = await count();
  expect(share).toBeGreaterThan(5);
  expect(share).toBeLessThan(50);
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, DefaultActions: split(1, 0) }));
  expect(await count()).toBe(0);
  await aws.elb.send(new ModifyListenerCommand({ ListenerArn, DefaultActions: split(0, 0) }));
  expect((await ask(aws, '/')).status).toBe(503);
});

test('no target is 503, a refused connection and a broken answer 502, silence 504, TRACE 405', async () => {
  await using aws = await startForwarding();
  await using silent = await Backend.start('10.0.48.11', () => {});
  await using broken = await Backend.start('10.0.48.12', (incoming) => incoming.socket.end('nonsense\r\n\r\n'));
  const gone = await Backend.start('10.0.48.13');
  await gone[Symbol.asyncDispose]();
  const LoadBalancerArn = await aws.loadBalancer();
  const Attributes = [{ Key: 'idle_timeout.timeout_seconds', Value: '1' }];
  await aws.elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }));
  const listener = await aws.listener(LoadBalancerArn);
  const cases = [
    ['empty', [], 503],
    ['silent', [silent], 504],
    ['broken', [broken], 502],
    ['gone', [gone], 502],
  ] as const;
  for (const [index, [Name, backends, status]] of cases.entries()) {
    const group = await groupOf(aws, backends, { Name });
    await aws.rule(listener, index + 1, { Conditions: path(`/${Name}`), Actions: forward(group) });
    const answer = await ask(aws, `/${Name}`);
    expect([Name, answer.status, answer.headers.server]).toEqual([Name, status, 'awselb/2.0']);
  }
  expect((await ask(aws, '/', { method: 'TRACE' })).status).toBe(405);
});

test('a deregistered target gets no new request, finishes what it has, and is cut off when its delay is over', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9', (incoming, response) => {
    if (incoming.url === '/slow') setTimeout(() => response.end('finished'), 600);
  });
  const TargetGroupArn = await groupOf(aws, [backend]);
  const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '2' }];
  await aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(TargetGroupArn) });
  const [slow, never] = [ask(aws, '/slow'), ask(aws, '/never')];
  await vi.waitFor(() => expect(backend.received).toHaveLength(2));
  await aws.elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ ...backend.target }] }));
  expect(await healthOf(aws, TargetGroupArn)).toEqual(['draining Target.DeregistrationInProgress']);
  expect((await ask(aws, '/new')).status).toBe(503);
  expect((await slow).body).toBe('finished');
  expect((await never).status).toBe(502);
  expect(await healthOf(aws, TargetGroupArn)).toEqual([]);
});

test('the head of an answer comes before its body, and a client that leaves ends the request to the target', async () => {
  await using aws = await startForwarding();
  const left = Promise.withResolvers<void>();
  await using backend = await Backend.start('10.0.48.9', (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    response.once('close', left.resolve);
  });
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(await groupOf(aws, [backend])) });
  const { address } = present(aws.aws.reachable()[0]);
  const asked = request({ host: address, port: 80 + portOffset, agent: false });
  asked.on('error', () => {});
  asked.end();
  const type = await new Promise((resolve) => {
    asked.once('response', ({ headers }) => resolve(headers['content-type']));
  });
  expect(type).toBe('text/event-stream');
  asked.destroy();
  await left.promise;
});

// Observed on AWS with an unmodified AWS Load Balancer Controller.
test('a host is compared without the port that is the listener’s own, and with any other', async () => {
  await using aws = await startForwarding();
  const listener = await aws.listener(await aws.loadBalancer());
  const Actions: Action[] = [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '299' } }];
  const Conditions: RuleCondition[] = [{ Field: 'host-header', Values: ['shop.test'] }];
  await aws.rule(listener, 1, { Conditions, Actions });
  const statusOf = async (host: string) => (await ask(aws, '/', { headers: { host } })).status;
  expect(await statusOf('shop.test')).toBe(299);
  expect(await statusOf('shop.test:80')).toBe(299);
  expect(await statusOf(`shop.test:${80 + portOffset}`)).toBe(299);
  expect(await statusOf('shop.test:8080')).toBe(404);
});

test('a malformed URL is answered with 400', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9');
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(await groupOf(aws, [backend])) });
  const { address } = present(aws.aws.reachable()[0]);
  const socket = connect(80 + portOffset, address);
  socket.end(Buffer.from('GET /\xe9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'latin1'));
  expect(await text(socket)).toContain(' 400 Bad Request');
  expect(backend.received).toEqual([]);
});

test('after a reset no load balancer is left', async () => {
  await using aws = await startForwarding();
  await aws.listener(await aws.loadBalancer());
  aws.aws.reset();
  expect(aws.aws.reachable()).toEqual([]);
});

test('a WebSocket is carried both ways', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9');
  backend.server.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
    socket.on('end', () => socket.end());
  });
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(await groupOf(aws, [backend])) });
  const { address } = present(aws.aws.reachable()[0]);
  const headers = { connection: 'Upgrade', upgrade: 'websocket' };
  const echoed = await new Promise<string>((resolve, reject) => {
    const asked = request({ host: address, port: 80 + portOffset, headers });
    asked.once('upgrade', (_, socket) => {
      socket.once('data', (chunk: Buffer) => {
        resolve(chunk.toString());
        socket.destroy();
      });
      socket.write('hello');
    });
    asked.once('error', reject);
    asked.end();
  });
  expect(echoed).toBe('echo hello');
});

test('an upgrade that the target or a rule answers otherwise is answered so', async () => {
  await using aws = await startForwarding();
  await aws.listener(await aws.loadBalancer(), { DefaultActions: notFound });
  const answer = await ask(aws, '/', { headers: { connection: 'Upgrade', upgrade: 'websocket' } });
  expect([answer.status, answer.headers.connection]).toEqual([404, 'close']);
});

test('a listener that is deleted listens no more, its port can be used again, and a deleted load balancer is gone', async () => {
  await using aws = await startForwarding();
  const LoadBalancerArn = await aws.loadBalancer();
  const ListenerArn = await aws.listener(LoadBalancerArn);
  const { address } = present(aws.aws.reachable()[0]);
  await aws.elb.send(new DeleteListenerCommand({ ListenerArn }));
  await expect(ask(aws, '/')).rejects.toThrow('ECONNREFUSED');
  await aws.listener(LoadBalancerArn);
  expect((await ask(aws, '/')).status).toBe(404);
  await aws.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }));
  expect(aws.aws.reachable()).toEqual([]);
  await aws.listener(await aws.loadBalancer({ Name: 'next' }));
  expect(present(aws.aws.reachable()[0]).address).not.toBe(address);
});

test('a port that is in use is reported with its listener', async () => {
  await using aws = await startForwarding();
  const LoadBalancerArn = await aws.loadBalancer();
  const { address } = present(aws.aws.reachable()[0]);
  const taken = await Backend.start(address, undefined, 20_080);
  expect(mapped(address)).toBe(address);
  await aws.listener(LoadBalancerArn, { Port: 10_080 });
  expect(aws.aws.reachable()[0]?.listeners[0]?.error).toContain('EADDRINUSE');
  await taken[Symbol.asyncDispose]();
});
