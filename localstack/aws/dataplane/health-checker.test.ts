// docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
import { DeleteListenerCommand, RegisterTargetsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { type Embedded, forward, path, present } from '../testing/embedded.ts';
import { ask, Backend, groupOf, healthOf, mapped, startForwarding } from './testing/forwarding.ts';

// Longer than two of AWS's shortest intervals.
const soon = { timeout: 12_000, interval: 100 };
const brisk = { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2, UnhealthyThresholdCount: 2 };

const becomes = (aws: Embedded, group: string, ...states: string[]) =>
  vi.waitFor(async () => expect((await healthOf(aws, group)).toSorted()).toEqual(states), soon);

test('a target is unused, then checked as soon as a rule refers to its group, then unused again', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9');
  const group = await groupOf(aws, [backend], { HealthCheckPath: '/healthz' });
  expect(await healthOf(aws, group)).toEqual(['unused Target.NotInUse']);
  expect(backend.requests).toEqual([]);
  const ListenerArn = await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(group) });
  await becomes(aws, group, 'healthy');
  const [check] = backend.requests;
  expect([check?.method, check?.url, check?.headers.host]).toEqual(['GET', '/healthz', '10.0.48.9:8080']);
  await aws.elb.send(new DeleteListenerCommand({ ListenerArn }));
  expect(await healthOf(aws, group)).toEqual(['unused Target.NotInUse']);
});

test('targets that fail are initial, then unhealthy for their reason, and the healthy one gets all requests', async () => {
  await using aws = await startForwarding();
  await using good = await Backend.start('10.0.48.9');
  await using wrong = await Backend.start('10.0.48.10');
  await using slow = await Backend.start('10.0.48.11');
  wrong.server.removeAllListeners('request');
  wrong.server.on('request', (_, response) => response.writeHead(404).end());
  slow.server.removeAllListeners('request');
  const gone = await Backend.start('10.0.48.12');
  await gone[Symbol.asyncDispose]();
  const group = await groupOf(aws, [good, wrong, slow, gone], brisk);
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(group) });
  const initial = 'initial Elb.InitialHealthChecking';
  await becomes(aws, group, 'healthy', initial, initial, initial);
  await becomes(
    aws,
    group,
    'healthy',
    'unhealthy Target.FailedHealthChecks',
    'unhealthy Target.ResponseCodeMismatch',
    'unhealthy Target.Timeout',
  );
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(aws, '/')));
  expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['10.0.48.9']));
});

test('a group without a healthy target is routed to all the same', async () => {
  await using aws = await startForwarding();
  await using backend = await Backend.start('10.0.48.9');
  const group = await groupOf(aws, [backend], { ...brisk, HealthCheckPort: '1' });
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(group) });
  await becomes(aws, group, 'unhealthy Target.FailedHealthChecks');
  expect((await ask(aws, '/')).body).toBe('10.0.48.9');
});

test('an instance is reached and checked at its private address', async () => {
  await using aws = await startForwarding();
  const { instanceId, privateIp } = present(aws.seed.nodes[0]);
  await using backend = await Backend.start(privateIp, undefined, 30_080);
  expect(mapped(privateIp)).toMatch(/^127\./);
  const TargetGroupArn = await aws.targetGroup({ TargetType: 'instance' });
  const Targets = [{ Id: instanceId, Port: backend.target.Port }];
  await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }));
  const listener = await aws.listener(await aws.loadBalancer());
  await aws.rule(listener, 1, { Conditions: path('/*'), Actions: forward(TargetGroupArn) });
  await becomes(aws, TargetGroupArn, 'healthy');
  expect((await ask(aws, '/')).body).toBe(privateIp);
});
