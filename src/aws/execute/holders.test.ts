import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
} from '@aws-sdk/client-ec2';
import { DeleteLoadBalancerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeEach, expect, test } from 'vitest';
import { type Controller, eachTestOnAws } from '../testing/aws-under-test.ts';
import { holdersOf } from './holders.ts';

const rig = eachTestOnAws({ releaseSeconds: 0 });

let controller: Controller;
beforeEach(async () => {
  controller = await rig.start();
  await controller.apply(rig.model());
});

const owned = (kind: string): string =>
  controller.inventory.owned('shop/web').find((resource) => resource.kind === kind)?.arn ?? '';

/** Another team's group with a rule for traffic from, or to, the load balancer's group. */
async function groupThatNames(
  GroupId: string,
  direction: 'ingress' | 'egress',
): Promise<{ group: string; rule: string }> {
  const { ec2 } = controller.clients;
  const made = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: `db-${direction}`, Description: 'db', VpcId: rig.seed.vpcId }),
  );
  const group = made.GroupId ?? '';
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId }] }];
  const input = { GroupId: group, IpPermissions };
  const { SecurityGroupRules } =
    direction === 'ingress'
      ? await ec2.send(new AuthorizeSecurityGroupIngressCommand(input))
      : await ec2.send(new AuthorizeSecurityGroupEgressCommand(input));
  return { group, rule: SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '' };
}

test("another team's rules that name the load balancer's group hold it, and are named with it", async () => {
  const group = owned('security-group');
  const [inbound, outbound] = [await groupThatNames(group, 'ingress'), await groupThatNames(group, 'egress')];
  const outcome = await controller.apply(undefined);
  expect(outcome.held).toEqual([
    { resource: 'security-group/frontend', arn: group, detail: expect.stringContaining(group) },
  ]);
  const holders = await holdersOf(controller.clients, group);
  expect(holders).toHaveLength(2);
  for (const rule of [inbound, outbound]) expect(holders).toContainEqual({ kind: 'group-rule', ...rule });
});

test('the network interfaces of a load balancer hold its group', async () => {
  const holders = await holdersOf(controller.clients, owned('security-group'));
  expect(holders.length).toBeGreaterThan(0);
  for (const holder of holders) expect(holder).toMatchObject({ kind: 'network-interface' });
});

test('a target group is held by the load balancer whose rules refer to it', async () => {
  const { elbv2 } = controller.clients;
  const [group, balancer] = [owned('target-group'), owned('load-balancer')];
  expect(await holdersOf(controller.clients, group)).toEqual([{ kind: 'load-balancer', arn: balancer }]);
  await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: balancer }));
  expect(await holdersOf(controller.clients, group)).toEqual([]);
});
