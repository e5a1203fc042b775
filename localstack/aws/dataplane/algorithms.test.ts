// docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#modify-routing-algorithm
import { ModifyTargetGroupAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { type Embedded, forward } from '../testing/embedded.ts';
import { ask, Backend, groupOf, healthOf, startForwarding } from './testing/forwarding.ts';

async function balanced(aws: Embedded, backends: readonly Backend[], algorithm: string): Promise<void> {
  const TargetGroupArn = await groupOf(aws, backends);
  const Attributes = [{ Key: 'load_balancing.algorithm.type', Value: algorithm }];
  await aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(TargetGroupArn) });
  await vi.waitFor(async () => expect(new Set(await healthOf(aws, TargetGroupArn))).toEqual(new Set(['healthy'])));
}

test('the target with the fewest requests on their way gets the next one', async () => {
  await using aws = await startForwarding();
  const released = Promise.withResolvers<void>();
  await using busy = await Backend.start('10.0.48.9', (_, response) => {
    void released.promise.then(() => response.end('busy'));
  });
  await using idle = await Backend.start('10.0.48.10');
  await balanced(aws, [busy, idle], 'least_outstanding_requests');
  const waits = [ask(aws, '/'), ask(aws, '/')];
  await vi.waitFor(() => expect(busy.received).toHaveLength(1));
  for (let count = 0; count < 6; count += 1) expect((await ask(aws, '/')).body).toBe('10.0.48.10');
  released.resolve();
  expect((await Promise.all(waits)).map(({ body }) => body).toSorted()).toEqual(['10.0.48.10', 'busy']);
});

test('chosen at random, targets get about the same', async () => {
  await using aws = await startForwarding();
  await using first = await Backend.start('10.0.48.9');
  await using second = await Backend.start('10.0.48.10');
  await balanced(aws, [first, second], 'weighted_random');
  await Promise.all(Array.from({ length: 60 }, () => ask(aws, '/')));
  expect(first.received.length).toBeGreaterThan(10);
  expect(second.received.length).toBeGreaterThan(10);
});
