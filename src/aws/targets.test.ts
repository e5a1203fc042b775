import { afterEach, beforeEach, expect, test } from 'vitest';
import { syncTargets } from './targets.ts';
import { awsUnderTest, type Controller, gateway } from './testing/aws-under-test.ts';

let it: Awaited<ReturnType<typeof awsUnderTest>>;
beforeEach(async () => {
  it = await awsUnderTest();
  it.kept.targets = targets(300);
});
afterEach(() => it.close());

const targets = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `10.0.${48 + (index >> 8)}.${index & 255}`, port: 8080 }));

function sync({ inventory, context }: Controller, count: number) {
  const group = inventory.owned(gateway).find(({ kind }) => kind === 'target-group');
  if (group === undefined) throw new Error('no target group');
  return syncTargets(context, { arn: group.arn }, targets(count));
}

test('one pod more costs one call, one pod less another, and no read', async () => {
  const controller = await it.start();
  await controller.apply(it.model());
  it.aws.calls.zero();
  await sync(controller, 301);
  await sync(controller, 300);
  await sync(controller, 300);
  expect(it.aws.calls.counts().byAction).toEqual({
    'elasticloadbalancing:DeregisterTargets': 1,
    'elasticloadbalancing:RegisterTargets': 1,
  });
});

test('after a restart only what has changed is read', async () => {
  const first = await it.start();
  await first.apply(it.model());
  await first.membership.flush();
  const second = await it.start();
  it.aws.calls.zero();
  await sync(second, 300);
  expect(it.aws.calls.counts().total).toBe(0);
  const third = await it.start();
  it.aws.calls.zero();
  await sync(third, 299);
  expect(it.aws.calls.counts().byAction).toEqual({
    'elasticloadbalancing:DeregisterTargets': 1,
    'elasticloadbalancing:DescribeTargetHealth': 1,
  });
});

test('losing what was kept costs reads, and never a target', async () => {
  await (await it.start()).apply(it.model());
  it.kept.hashes = {};
  const controller = await it.start();
  await sync(controller, 300);
  const [group] = it.aws.world().elbv2.targetGroups.values();
  expect(group?.targets.size).toBe(300);
});
