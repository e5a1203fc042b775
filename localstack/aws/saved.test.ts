import { ListCertificatesCommand } from '@aws-sdk/client-acm';
import { DescribeInstancesCommand, DescribeSecurityGroupRulesCommand } from '@aws-sdk/client-ec2';
import {
  DeleteRuleCommand,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetHealthCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { Embedded, forward } from './testing/embedded.ts';

test('an AWS that goes on from a saved state answers as the one before, and changes apart from it', async () => {
  await using before = await Embedded.start();
  const loadBalancer = await before.loadBalancer();
  const group = await before.targetGroup();
  const certificate = await before.certificate('example.com');
  const listener = await before.listener(loadBalancer, {
    Port: 443,
    Protocol: 'HTTPS',
    Certificates: [{ CertificateArn: certificate }],
  });
  const rule = await before.rule(listener, 1, { Actions: forward(group) });
  await before.elb.send(
    new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: before.seed.nodes[0]?.privateIp }] }),
  );
  const answers = async ({ elb, ec2, acm }: Embedded) => {
    const all = await Promise.all([
      elb.send(new DescribeLoadBalancersCommand({})),
      elb.send(new DescribeListenersCommand({ LoadBalancerArn: loadBalancer })),
      elb.send(new DescribeRulesCommand({ ListenerArn: listener })),
      elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: group })),
      ec2.send(new DescribeInstancesCommand({})),
      ec2.send(new DescribeSecurityGroupRulesCommand({})),
      acm.send(new ListCertificatesCommand({})),
    ]);
    return all.map((answer) => ({ ...answer, $metadata: undefined }));
  };

  const answered = await answers(before);
  const state = before.aws.save();
  await using after = await Embedded.start({ state });
  after.clock.advance(before.aws.options.issuingSeconds);
  expect(await answers(after)).toEqual(answered);
  expect(after.seed).toEqual(before.seed);
  expect(after.aws.save()).toBe(state);

  await after.elb.send(new DeleteRuleCommand({ RuleArn: rule }));
  expect(before.aws.save()).toBe(state);
  after.aws.reset();
  expect(after.aws.save()).toBe(state);
});
