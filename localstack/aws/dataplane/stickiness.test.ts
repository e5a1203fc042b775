// docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Action, ModifyTargetGroupAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { type Embedded, forward } from '../testing/embedded.ts';
import { ask, Backend, groupOf, healthOf, startForwarding } from './testing/forwarding.ts';

/** The targets of ten requests: without cookies, and with the cookies of the first answer. */
async function answers(aws: Embedded, names: RegExp) {
  const first = await ask(aws, '/');
  const cookies = (first.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '');
  const cookie = cookies.filter((pair) => names.test(pair)).join('; ');
  const all = await Promise.all(Array.from({ length: 10 }, () => ask(aws, '/', { headers: { cookie } })));
  return {
    names: cookies.map((pair) => pair.split('=')[0]),
    first: first.body,
    later: new Set(all.map(({ body }) => body)),
  };
}

test('requests with the cookie go to the same target while it serves, then to another', async () => {
  await using aws = await startForwarding();
  await using a = await Backend.start('10.0.48.9');
  await using b = await Backend.start('10.0.48.10');
  const TargetGroupArn = await groupOf(aws, [a, b]);
  const Attributes = [{ Key: 'stickiness.enabled', Value: 'true' }];
  await aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(TargetGroupArn) });
  await vi.waitFor(async () => expect(await healthOf(aws, TargetGroupArn)).toEqual(['healthy', 'healthy']));
  const { names, first, later } = await answers(aws, /^AWSALB=/);
  expect(names).toEqual(['AWSALB', 'AWSALBCORS']);
  expect(later).toEqual(new Set([first]));
  expect((await answers(aws, /^AWSALBCORS=/)).later.size).toBe(1);
  const stale = `AWSALB=${Buffer.from('10.0.48.99:8080').toString('base64url')}`;
  expect((await ask(aws, '/', { headers: { cookie: stale } })).status).toBe(200);
});

test('requests with the cookie go to the same target group, whatever the weights', async () => {
  await using aws = await startForwarding();
  await using a = await Backend.start('10.0.48.9');
  await using b = await Backend.start('10.0.48.10');
  const groups = [await groupOf(aws, [a], { Name: 'a' }), await groupOf(aws, [b], { Name: 'b' })];
  const TargetGroups = groups.map((TargetGroupArn) => ({ TargetGroupArn, Weight: 1 }));
  const TargetGroupStickinessConfig = { Enabled: true, DurationSeconds: 60 };
  const action: Action = { Type: 'forward', ForwardConfig: { TargetGroups, TargetGroupStickinessConfig } };
  await aws.listener(await aws.loadBalancer(), { DefaultActions: [action] });
  const { names, first, later } = await answers(aws, /^AWSALBTG=/);
  expect(names).toEqual(['AWSALBTG', 'AWSALBTGCORS']);
  expect(later).toEqual(new Set([first]));
});

test('requests stick to the target that has set the application’s cookie, and to none before', async () => {
  await using aws = await startForwarding();
  const login = (name: string) => (incoming: IncomingMessage, response: ServerResponse) => {
    if (incoming.url === '/login') response.setHeader('set-cookie', ['session=1; Path=/', 'other=2']);
    response.end(name);
  };
  await using a = await Backend.start('10.0.48.9', login('a'));
  await using b = await Backend.start('10.0.48.10', login('b'));
  const TargetGroupArn = await groupOf(aws, [a, b]);
  const Attributes = [
    { Key: 'stickiness.enabled', Value: 'true' },
    { Key: 'stickiness.type', Value: 'app_cookie' },
    { Key: 'stickiness.app_cookie.cookie_name', Value: 'session' },
  ];
  await aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(TargetGroupArn) });
  await vi.waitFor(async () => expect(await healthOf(aws, TargetGroupArn)).toEqual(['healthy', 'healthy']));
  expect((await ask(aws, '/')).headers['set-cookie']).toBeUndefined();
  const first = await ask(aws, '/login');
  const lines = first.headers['set-cookie'] ?? [];
  expect(lines.map((line) => line.split('=')[0])).toEqual(['session', 'other', 'AWSALBAPP-0']);
  const cookie = lines.map((line) => line.split(';')[0] ?? '').join('; ');
  const later = await Promise.all(Array.from({ length: 8 }, () => ask(aws, '/', { headers: { cookie } })));
  expect(new Set(later.map(({ body }) => body))).toEqual(new Set([first.body]));
  const without = await Promise.all(
    Array.from({ length: 8 }, () => ask(aws, '/', { headers: { cookie: 'session=1' } })),
  );
  expect(new Set(without.map(({ body }) => body))).toEqual(new Set(['a', 'b']));
});
