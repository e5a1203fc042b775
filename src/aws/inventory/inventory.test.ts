import { AddTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeEach, expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { executePlan } from '../execute/execute.ts';
import { gatewayOwner } from '../model/owner.ts';
import { TAG } from '../observed.ts';
import { type Controller, cluster, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { describeTags } from './describe.ts';
import { Inventory } from './inventory.ts';

const rig = eachTestOnAws({ provisioningSeconds: 0.3 });

let controller: Controller;
beforeEach(async () => {
  controller = await rig.start();
});

const loadBalancers = () =>
  controller.inventory
    .observed(gatewayOwner(gateway), 0)
    .resources.filter((resource) => resource.kind === 'load-balancer');
const targetGroups = () =>
  controller.inventory
    .observed(gatewayOwner(gateway), 0)
    .resources.filter((resource) => resource.kind === 'target-group');

test('a restart on twenty Gateways reads little', async () => {
  for (let index = 0; index < 20; index++) {
    const key = objectKey({ namespace: 'shop', name: `web-${index}` });
    const model = rig.model({ key, services: ['a', 'b', 'c'] });
    const plan = (await rig.start(key)).plan(model);
    const outcome = await executePlan(plan, { ...controller.context, owner: gatewayOwner(key) });
    expect(outcome.problems).toEqual([]);
  }
  rig.aws.calls.zero();
  await rig.start();
  expect(rig.aws.calls.counts().reads).toBeLessThanOrEqual(5 + 2 * 20 + 2);
});

test('those who wait for load balancers share one read, and see when they are active', async () => {
  await controller.apply(rig.model());
  expect(loadBalancers()).toMatchObject([{ state: 'provisioning' }]);
  await new Promise((resolve) => setTimeout(resolve, 350));
  const [arn = ''] = loadBalancers().map((each) => each.arn);
  rig.aws.calls.zero();
  await Promise.all([
    controller.inventory.refreshLoadBalancers([arn]),
    controller.inventory.refreshLoadBalancers([arn]),
  ]);
  expect(rig.aws.calls.counts().total).toBe(1);
  expect(loadBalancers()).toMatchObject([{ state: 'active' }]);
});

test('a load balancer that is gone when its state is asked for is forgotten, with all that stood on it', async () => {
  await controller.apply(rig.model());
  const [arn = ''] = loadBalancers().map((each) => each.arn);
  const { elbv2 } = rig.aws.world();
  elbv2.loadBalancers.delete(arn);
  await controller.inventory.refreshLoadBalancers([arn]);
  expect(
    controller.inventory
      .owned(gateway)
      .map(({ kind }) => kind)
      .toSorted(),
  ).toEqual(['security-group', 'target-group']);
});

test('what has just vanished hides the tags of nothing else', async () => {
  await controller.apply(rig.model({ services: ['a', 'b', 'c'] }));
  const arns = controller.inventory.owned(gateway).flatMap(({ kind, arn }) => (kind === 'security-group' ? [] : arn));
  const [loadBalancer = ''] = loadBalancers().map(({ arn }) => arn);
  rig.aws.world().elbv2.loadBalancers.delete(loadBalancer);
  // Another process has not made these resources, so it does not treat them as new.
  const { clients } = await rig.start();
  const tags = await describeTags(clients, arns);
  expect([...tags.keys()].toSorted()).toEqual(arns.filter((arn) => arn !== loadBalancer).toSorted());
});

test('a target group that is gone when its health is asked for is forgotten', async () => {
  await controller.apply(rig.model());
  rig.aws.world().elbv2.targetGroups.clear();
  const next = await rig.start();
  for (const group of targetGroups()) next.inventory.put({ ...group });
  await next.inventory.refreshTargetHealth(targetGroups().map(({ arn }) => arn));
  expect(next.inventory.targetGroups()).toEqual([]);
});

test('another cluster of the same name is noticed before anything is done', async () => {
  await controller.apply(rig.model());
  const namesake = { ...cluster, clusterUid: 'another' };
  const other = new Inventory({ ...controller.context, cluster: namesake });
  expect(await other.load()).toMatchObject([{ kind: 'cluster-name-taken', clusterName: 'demo' }]);
  expect(other.gateways()).toEqual([]);
});

test('what lacks one of our tags is not ours', async () => {
  await controller.apply(rig.model());
  const [arn = ''] = loadBalancers().map((each) => each.arn);
  await controller.clients.elbv2.send(
    new AddTagsCommand({ ResourceArns: [arn], Tags: [{ Key: TAG.cluster, Value: 'other' }] }),
  );
  const next = await rig.start();
  expect(next.inventory.owned(gateway).some(({ kind }) => kind === 'load-balancer')).toBe(false);
});

test('a target group that serves nobody yet is ready when a target is healthy, and rests when it is not used', async () => {
  rig.kept.targets = rig.seed.nodes.map(({ privateIp }) => ({ id: privateIp, port: 8080 }));
  await controller.apply(rig.model());
  expect(targetGroups()).toMatchObject([{ serves: true }]);
  expect(targetGroups()[0]?.unusedSince).toBeUndefined();
  const rule = controller.inventory.owned(gateway).find(({ kind }) => kind === 'rule');
  if (rule?.kind !== 'rule') throw new Error('no rule');
  controller.inventory.put({ ...rule, targetGroups: rule.targetGroups.map(({ arn }) => ({ arn, weight: 0 })) });
  expect(targetGroups()).toMatchObject([{ serves: false, proven: false }]);
  await controller.inventory.refreshTargetHealth(targetGroups().map(({ arn }) => arn));
  expect(targetGroups()).toMatchObject([{ proven: true }]);
  controller.inventory.remove(rule.arn);
  expect(targetGroups()[0]?.unusedSince).toBeGreaterThan(0);
});
