import { RegisterTargetsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { eachTestOnAws } from '../testing/aws-under-test.ts';
import { networkGateway } from '../testing/network-gateway.ts';
import { readHealth } from './health.ts';

const rig = eachTestOnAws({ networkRegistrationSeconds: 3600, healthSeconds: 0 });

test("an NLB's targets are members while AWS registers them, and if they are unused, but not while they drain", async () => {
  const [first, second, third] = ['10.0.48.1', '10.0.48.2', '10.0.48.3'].map((id) => ({ id, port: 8080 }));
  rig.kept.targets = [first, second, third].filter((each) => each !== undefined);
  const controller = await rig.start();
  await controller.apply(networkGateway(rig.seed, { listeners: { 53: 'UDP' } }));
  const [group] = rig.aws.world().elbv2.targetGroups.values();
  if (group === undefined) throw new Error('no target group');
  const read = () => readHealth(controller.clients, group.arn);
  expect(await read()).toMatchObject({ registered: false, healthy: false, states: { initial: 3 } });
  for (const [key, target] of group.targets) group.targets.set(key, { ...target, registrationSeconds: 0 });
  expect(await read()).toMatchObject({ registered: true, healthy: true, states: { healthy: 3 } });
  const [draining] = group.targets.values();
  if (draining === undefined) throw new Error('no target');
  draining.drainingUntil = Number.POSITIVE_INFINITY;
  expect(await read()).toMatchObject({ members: [second, third], states: { healthy: 2, draining: 1 } });
  // If the target is registered again, it no longer drains.
  const Targets = [{ Id: draining.id, Port: draining.port }];
  await controller.clients.elbv2.send(new RegisterTargetsCommand({ TargetGroupArn: group.arn, Targets }));
  expect(await read()).toMatchObject({ states: { healthy: 2, initial: 1 } });
  group.inUseSince = undefined;
  expect(await read()).toMatchObject({ registered: false, healthy: false, states: { unused: 3 } });
  expect((await read()).members).toHaveLength(3);
});

test('targets in a zone that an NLB does not have are members, and its others count as registered without them', async () => {
  const elsewhere = { id: '10.0.64.1', port: 8080 };
  rig.kept.targets = [{ id: '10.0.48.1', port: 8080 }, elsewhere];
  const controller = await rig.start();
  const subnets = rig.seed.privateSubnetIds.slice(0, 1);
  await controller.apply(networkGateway(rig.seed, { listeners: { 53: 'UDP' }, subnets }));
  const [group] = rig.aws.world().elbv2.targetGroups.values();
  for (const [key, target] of group?.targets ?? []) group?.targets.set(key, { ...target, registrationSeconds: 0 });
  const health = await readHealth(controller.clients, group?.arn ?? '');
  expect(health).toMatchObject({ registered: true, healthy: true, states: { healthy: 1, unused: 1 } });
  expect(health.members).toContainEqual(elsewhere);
});
