import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import {
  AddTagsCommand,
  DeleteRuleCommand,
  DeregisterTargetsCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyRuleCommand,
  ModifyTargetGroupCommand,
  RemoveTagsCommand,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeEach, expect, test } from 'vitest';
import { KeyedLock } from '../keyed-lock.ts';
import { TAG } from '../observed.ts';
import { syncTargets } from '../targets/sync-targets.ts';
import { type Controller, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { atOnce } from './audit.ts';

const rig = eachTestOnAws();

let controller: Controller;
const services = ['api', 'web'];
beforeEach(async () => {
  rig.kept.targets = rig.seed.nodes.map(({ privateIp }) => ({ id: privateIp, port: 8080 }));
  controller = await rig.start();
  await controller.apply(rig.model({ services }));
});

const audit = () => controller.audit(atOnce(rig.model({ services })));
const arn = (kind: string, index = 0): string =>
  controller.inventory.owned(gateway).filter((resource) => resource.kind === kind)[index]?.arn ?? '';

test('what nobody has touched has not drifted', async () => {
  expect(await audit()).toEqual([]);
  expect(controller.plan(rig.model({ services }))).toMatchObject({ steps: [] });
});

test('whatever was changed by hand is found, and made right again', async () => {
  const { elbv2, ec2 } = controller.clients;
  const rule = arn('rule');
  await elbv2.send(
    new ModifyRuleCommand({
      RuleArn: rule,
      Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/admin'] } }],
    }),
  );
  await elbv2.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn: arn('rule', 1), Priority: 7 }] }));
  await elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn: arn('target-group'), HealthCheckPath: '/nowhere' }));
  await elbv2.send(
    new ModifyLoadBalancerAttributesCommand({
      LoadBalancerArn: arn('load-balancer'),
      Attributes: [{ Key: 'idle_timeout.timeout_seconds', Value: '5' }],
    }),
  );
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: arn('security-group'),
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }],
    }),
  );
  const drift = await audit();
  expect(drift.map(({ aspect }) => aspect).toSorted()).toEqual(['attributes', 'ingress', 'priority', 'spec', 'spec']);
  expect((await controller.apply(rig.model({ services }))).problems).toEqual([]);
  expect(controller.plan(rig.model({ services }))).toMatchObject({ steps: [] });
  expect(await audit()).toEqual([]);
  const state = rig.aws.world();
  expect([...(state.elbv2.loadBalancers.values().next().value?.attributes ?? [])]).toContainEqual([
    'idle_timeout.timeout_seconds',
    '60',
  ]);
  expect(JSON.stringify([...state.elbv2.rules.values()])).not.toContain('/admin');
  expect([...state.ec2.securityGroupRules.values()].filter(({ fromPort }) => fromPort === 22)).toEqual([]);
});

test('a rule that was deleted by hand is made again', async () => {
  await controller.clients.elbv2.send(new DeleteRuleCommand({ RuleArn: arn('rule') }));
  expect(await audit()).toMatchObject([{ aspect: 'missing' }]);
  await controller.apply(rig.model({ services }));
  expect([...rig.aws.world().elbv2.rules.values()].filter(({ priority }) => priority !== 'default')).toHaveLength(2);
});

test('a target that was taken out by hand is registered again', async () => {
  const group = arn('target-group');
  const [target] = rig.kept.targets;
  await controller.clients.elbv2.send(
    new DeregisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: target?.id, Port: target?.port }] }),
  );
  expect(await audit()).toMatchObject([{ aspect: 'targets' }]);
  const resource = controller.inventory.get(group);
  if (resource === undefined) throw new Error('no target group');
  await syncTargets(controller.context, { arn: group }, rig.kept.targets);
  expect(await audit()).toEqual([]);
});

test('tags of ownership that were taken away or changed by hand are written again', async () => {
  const { elbv2 } = controller.clients;
  const [rule, group] = [arn('rule'), arn('target-group')];
  await elbv2.send(new RemoveTagsCommand({ ResourceArns: [rule], TagKeys: [TAG.gateway, TAG.clusterUid] }));
  await elbv2.send(new AddTagsCommand({ ResourceArns: [group], Tags: [{ Key: TAG.gateway, Value: 'someone/else' }] }));
  expect((await audit()).map(({ aspect }) => aspect)).toEqual(['tags', 'tags']);
  expect((await controller.apply(rig.model({ services }))).problems).toEqual([]);
  expect(await audit()).toEqual([]);
  const { rules, targetGroups } = rig.aws.world().elbv2;
  expect(rules.get(rule)?.tags.get(TAG.gateway)).toBe(gateway);
  expect(rules.get(rule)?.tags.has(TAG.clusterUid)).toBe(true);
  expect(targetGroups.get(group)?.tags.get(TAG.gateway)).toBe(gateway);
});

test('a pass does not wait for the end of an audit, and what it changes meanwhile is no drift', async () => {
  const locks = new KeyedLock();
  let model = rig.model({ services });
  let pieces = 0;
  let ended = false;
  const turns = {
    model: () => model,
    exclusive: (piece: () => Promise<void>) =>
      locks.run('gateway', () => {
        pieces += 1;
        return piece();
      }),
  };
  const audited = controller.audit(turns).finally(() => {
    ended = true;
  });
  await locks.run('gateway', async () => {
    expect([pieces, ended]).toEqual([1, false]);
    model = rig.model({
      services: ['api', 'shop'],
      path: '/healthz',
      attributes: { 'idle_timeout.timeout_seconds': '120' },
    });
    expect((await controller.apply(model)).problems).toEqual([]);
  });
  expect(await audited).toEqual([]);
  expect(pieces).toBeGreaterThan(5);
});
