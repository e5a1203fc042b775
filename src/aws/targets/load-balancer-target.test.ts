// An ALB as the target of the NLB in front of it.
import {
  CreateTargetGroupCommand,
  DeleteListenerCommand,
  DeregisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { resourceId } from '../model/naming.ts';
import { ownershipTags, toTagList } from '../tags.ts';
import { cluster, eachTestOnAws, gateway } from '../testing/aws-under-test.ts';
import { networkGateway } from '../testing/network-gateway.ts';
import { apply, gatewayWith, openTerm } from '../testing/term-under-test.ts';
import { readHealth } from './health.ts';
import { registerLoadBalancers, syncLoadBalancerTarget } from './load-balancer-target.ts';

const rig = eachTestOnAws();

const id = resourceId('target-group', 'nlb-internal', 'alb', '80');
const group = (port: number) => ({
  id,
  loadBalancer: resourceId('load-balancer', 'internal'),
  spec: { targetType: 'alb', port } as const,
});

/** A Gateway's ALB with a listener on port 80, and a target group for it. */
async function start(port = 80) {
  const controller = await rig.start();
  await controller.apply(rig.model());
  const { elbv2 } = controller.clients;
  const { TargetGroups: [made] = [] } = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: 'front',
      TargetType: 'alb',
      Protocol: 'TCP',
      Port: port,
      VpcId: rig.seed.vpcId,
      HealthCheckProtocol: 'HTTP',
      Tags: toTagList(ownershipTags(cluster, id, gateway)),
    }),
  );
  const arn = made?.TargetGroupArn ?? '';
  const find = (kind: 'load-balancer' | 'listener') =>
    controller.inventory.owned(gateway).find((each) => each.kind === kind);
  const members = async () => (await readHealth(controller.clients, arn)).members;
  const register = ({ context, inventory } = controller) =>
    registerLoadBalancers(context, [{ gateway, arn, group: group(port) }], inventory.owned(gateway));
  rig.aws.calls.zero();
  return {
    controller,
    arn,
    alb: find('load-balancer')?.arn ?? '',
    listener: find('listener')?.arn ?? '',
    members,
    register,
  };
}

test('an ALB with a listener on the port is registered once, and after that costs no call, nor after a restart', async () => {
  const { controller, alb, members, register } = await start();
  expect(await register()).toEqual([]);
  expect(await members()).toEqual([{ id: alb, port: 80 }]);
  rig.aws.calls.zero();
  expect(await register()).toEqual([]);
  await controller.membership.flush();
  const restarted = await rig.start();
  rig.aws.calls.zero();
  expect(await register(restarted)).toEqual([]);
  expect(rig.aws.calls.counts().total).toBe(0);
});

test('without a listener on the port AWS is not asked', async () => {
  const { register, members } = await start(443);
  expect(await register()).toEqual([]);
  expect(rig.aws.calls.counts().total).toBe(0);
  expect(await members()).toEqual([]);
});

test('a refusal is a problem of the target group, and the next pass tries again', async () => {
  const { controller, arn, alb, listener, register } = await start();
  // Someone has deleted the listener, and no audit has seen it yet.
  await controller.clients.elbv2.send(new DeleteListenerCommand({ ListenerArn: listener }));
  expect(await register()).toMatchObject([{ kind: 'cloud-refused', resource: id }]);
  expect(controller.membership.members(arn)).toBeUndefined();
  await controller.clients.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: alb }] }));
  expect(await register()).toHaveLength(1);
});

test('another ALB that someone has registered gives way', async () => {
  const { controller, arn, alb, members, register } = await start();
  const strange = { id: `${alb}x`, port: 80 };
  controller.membership.confirm(arn, [strange]);
  expect(await register()).toEqual([]);
  expect(await members()).toEqual([{ id: alb, port: 80 }]);
  await syncLoadBalancerTarget(controller.context, arn, { id: alb, port: 80 });
  expect(controller.membership.members(arn)).toEqual([{ id: alb, port: 80 }]);
});

test('an ALB that someone has deregistered is found by the audit, and registered again by the next pass', async () => {
  const { cloud } = await openTerm(rig, [gatewayWith('web', 'tls')]);
  const model = networkGateway(rig.seed, { http: [80] });
  await apply(cloud, model);
  expect(await cloud.finish(gateway, model)).toEqual([]);
  const [made] = [...rig.aws.world().elbv2.targetGroups.values()];
  const [registered] = made?.targets.values() ?? [];
  const TargetGroupArn = made?.arn ?? '';
  const Targets = [{ Id: registered?.id }];
  await cloud.clients.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }));
  // Repeat, because an audit ignores recent writes.
  await vi.waitFor(async () => expect(await cloud.audit(gateway)).toContainEqual({ resource: id, aspect: 'targets' }));
  expect(await cloud.finish(gateway, model)).toEqual([]);
  expect((await readHealth(cloud.clients, TargetGroupArn)).members).toEqual([{ id: registered?.id, port: 80 }]);
});
