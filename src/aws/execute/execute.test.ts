import { afterEach, beforeEach, expect, test } from 'vitest';
import { awsUnderTest, gateway } from './aws-under-test.ts';

let it: Awaited<ReturnType<typeof awsUnderTest>>;
beforeEach(async () => {
  it = await awsUnderTest();
});
afterEach(() => it.close());

test('a Gateway gets its load balancer, with nothing left to do afterwards', async () => {
  it.kept.targets = it.seed.nodes.map(({ privateIp }) => ({ id: privateIp, port: 8080 }));
  const controller = await it.start();
  const model = it.model({ services: ['api', 'web'] });
  const outcome = await controller.apply(model);
  expect(outcome.problems).toEqual([]);
  expect(outcome.pending).toEqual([]);
  expect(controller.plan(model)).toMatchObject({ steps: [], pending: [] });
  const { elbv2 } = it.aws.world();
  expect(elbv2.loadBalancers.size).toBe(1);
  expect(elbv2.listeners.size).toBe(1);
  expect([...elbv2.rules.values()].filter(({ priority }) => priority !== 'default')).toHaveLength(2);
  for (const group of elbv2.targetGroups.values()) expect(group.targets.size).toBe(3);
});
