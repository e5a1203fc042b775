// Our own writes that AWS shows only after a while.
import { expect, test } from 'vitest';
import { type Controller, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { atOnce } from './audit.ts';

const model = () => rig.model({ services: ['api', 'web'] });
const kinds = (controller: Controller) =>
  controller.inventory
    .owned(gateway)
    .map(({ kind }) => kind)
    .toSorted();

const rig = eachTestOnAws();

test('what AWS does not show yet has not drifted, and is not forgotten', async () => {
  rig.aws.faults.set({ seed: 1, readLagSeconds: 60, rules: [] });
  const controller = await rig.start(gateway, 60_000);
  await controller.apply(model());
  const before = kinds(controller);
  expect(before).toContain('load-balancer');
  expect(await controller.audit(atOnce(model()))).toEqual([]);
  const arns = controller.inventory.owned(gateway).flatMap(({ kind, arn }) => (kind === 'load-balancer' ? [arn] : []));
  await controller.inventory.refreshLoadBalancers(arns);
  const groups = controller.inventory.owned(gateway).flatMap(({ kind, arn }) => (kind === 'target-group' ? [arn] : []));
  await controller.inventory.refreshTargetHealth(groups);
  expect(kinds(controller)).toEqual(before);
  expect(controller.plan(model())).toMatchObject({ steps: [] });
});

test('what AWS has not shown for long enough is gone', async () => {
  rig.aws.faults.set({ seed: 1, readLagSeconds: 60, rules: [] });
  const controller = await rig.start(gateway, 0);
  await controller.apply(model());
  const drift = await controller.audit(atOnce(model()));
  expect(drift.map(({ aspect }) => aspect)).toContain('missing');
});

test('a step that needs what AWS does not know of yet is tried again, and is no problem', async () => {
  rig.aws.faults.set({
    seed: 1,
    readLagSeconds: 0,
    rules: [{ kind: 'error', status: 400, code: 'TargetGroupNotFound', action: 'CreateRule', times: 1 }],
  });
  const controller = await rig.start(gateway, 60_000);
  const { problems, pending, drifted } = await controller.apply(model());
  expect({ problems, pending: pending.length, drifted }).toEqual({
    problems: [],
    pending: 1,
    drifted: undefined,
  });
  expect(await controller.apply(model())).toMatchObject({ problems: [], pending: [] });
  expect(controller.plan(model())).toMatchObject({ steps: [] });
});
