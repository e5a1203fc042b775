import { expect, test } from 'vitest';
import { eachTestOnAws } from '../testing/aws-under-test.ts';
import { networkGateway } from '../testing/network-gateway.ts';
import { type Census, censusOf, regionNearQuota } from './census.ts';

const rig = eachTestOnAws();

const none = censusOf([]);
const near = (census: Partial<Census>) =>
  regionNearQuota(networkGateway(rig.seed, { listeners: { 53: 'TCP' } }), { ...none, ...census });

test('a Gateway with an NLB says that the Region’s NLBs or target groups are nearly as many as AWS allows', () => {
  expect(near({ network: 44, 'target-groups': 2699 })).toEqual([]);
  expect(near({ network: 45, 'target-groups': 2700 })).toEqual([
    { kind: 'region-near-quota', of: 'network', limit: 50 },
    { kind: 'region-near-quota', of: 'target-groups', limit: 3000 },
  ]);
  expect(near({ application: 50 })).toEqual([]);
});

test('more than AWS allows by default is no warning: the quota was raised', () => {
  expect(near({ network: 50 })).toHaveLength(1);
  expect(near({ network: 51 })).toEqual([]);
});

test('others’ load balancers and ours count, without a call of their own', async () => {
  const first = await rig.start();
  await first.apply(networkGateway(rig.seed, { listeners: { 53: 'TCP' } }));
  // To another cluster they are others'.
  for (const each of rig.aws.world().elbv2.loadBalancers.values()) each.tags.clear();
  const controller = await rig.start();
  expect(controller.inventory.census()).toMatchObject({ network: 1, application: 0 });
  rig.aws.calls.zero();
  await controller.apply(rig.model());
  expect(controller.inventory.census()).toMatchObject({ network: 1, application: 1 });
  expect(rig.aws.calls.counts().byAction).not.toHaveProperty('elasticloadbalancing:DescribeTargetGroups');
  await controller.inventory.readAll();
  expect(controller.inventory.census()).toMatchObject({ network: 1, application: 1 });
});
