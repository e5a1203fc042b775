// docs.aws.amazon.com/elasticloadbalancing/latest/application/disable-cross-zone.html
import {
  DeregisterTargetsCommand,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test, vi } from 'vitest';
import { forward } from '../testing/embedded.ts';
import { ask, Backend, groupOf, healthOf, startForwarding } from './testing/forwarding.ts';

test('balancing over all zones gives each target its share, balancing within them each zone', async () => {
  await using aws = await startForwarding();
  // The first subnet's zone has one target, the second's three.
  await using alone = await Backend.start('10.0.48.9');
  await using second = await Backend.start('10.0.64.9');
  await using third = await Backend.start('10.0.64.10');
  await using fourth = await Backend.start('10.0.64.11');
  const TargetGroupArn = await groupOf(aws, [alone, second, third, fourth]);
  await aws.listener(await aws.loadBalancer(), { DefaultActions: forward(TargetGroupArn) });
  await vi.waitFor(async () => expect(new Set(await healthOf(aws, TargetGroupArn))).toEqual(new Set(['healthy'])));
  const shares = async () => {
    const answers = [];
    for (let count = 0; count < 12; count += 1) answers.push((await ask(aws, '/')).body);
    return Object.fromEntries([...Map.groupBy(answers, (body) => body)].map(([body, same]) => [body, same.length]));
  };
  const evenly = { '10.0.48.9': 3, '10.0.64.9': 3, '10.0.64.10': 3, '10.0.64.11': 3 };
  expect(await shares()).toEqual(evenly);
  const crossZone = (Value: string) =>
    aws.elb.send(
      new ModifyTargetGroupAttributesCommand({
        TargetGroupArn,
        Attributes: [{ Key: 'load_balancing.cross_zone.enabled', Value }],
      }),
    );
  await crossZone('false');
  expect(await shares()).toEqual({ '10.0.48.9': 6, '10.0.64.9': 2, '10.0.64.10': 2, '10.0.64.11': 2 });
  await aws.elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ ...alone.target }] }));
  expect(await shares()).toEqual({ '10.0.64.9': 4, '10.0.64.10': 4, '10.0.64.11': 4 });
  await crossZone('use_load_balancer_configuration');
  expect(await shares()).toEqual({ '10.0.64.9': 4, '10.0.64.10': 4, '10.0.64.11': 4 });
});
