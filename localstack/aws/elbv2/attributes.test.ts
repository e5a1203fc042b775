// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html and its siblings.
import {
  DescribeListenerAttributesCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeTargetGroupAttributesCommand,
  ModifyListenerAttributesCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { Embedded } from '../testing/embedded.ts';

const invalid = 'InvalidConfigurationRequestException';

test('all attributes are described with their defaults', async () => {
  await using aws = await Embedded.start();
  const LoadBalancerArn = await aws.loadBalancer({ Scheme: 'internal' });
  const TargetGroupArn = await aws.targetGroup();
  const ListenerArn = await aws.listener(LoadBalancerArn);
  const { Attributes: ofLoadBalancer } = await aws.elb.send(
    new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }),
  );
  expect(ofLoadBalancer).toContainEqual({ Key: 'idle_timeout.timeout_seconds', Value: '60' });
  expect(ofLoadBalancer).toContainEqual({ Key: 'ipv6.deny_all_igw_traffic', Value: 'true' });
  const { Attributes: ofGroup } = await aws.elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
  expect(ofGroup).toContainEqual({ Key: 'deregistration_delay.timeout_seconds', Value: '300' });
  const { Attributes: ofListener } = await aws.elb.send(new DescribeListenerAttributesCommand({ ListenerArn }));
  expect(ofListener).toContainEqual({ Key: 'routing.http.response.server.enabled', Value: 'true' });
});

test('an unknown key or a value out of bounds refuses the whole call', async () => {
  await using aws = await Embedded.start();
  const LoadBalancerArn = await aws.loadBalancer();
  const modify = (...pairs: readonly (readonly [string, string])[]) =>
    aws.elb.send(
      new ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn,
        Attributes: pairs.map(([Key, Value]) => ({ Key, Value })),
      }),
    );
  const valid = ['client_keep_alive.seconds', '600'] as const;
  expect(await refusal(modify(valid, ['no.such.key', 'x']))).toBe(invalid);
  expect(await refusal(modify(valid, ['idle_timeout.timeout_seconds', '4001']))).toBe(invalid);
  expect(await refusal(modify(valid, ['routing.http2.enabled', 'yes']))).toBe(invalid);
  expect(await refusal(modify(valid, ['access_logs.s3.enabled', 'true']))).toBe(invalid);
  expect(await refusal(modify(['load_balancing.cross_zone.enabled', 'false']))).toBe(invalid);
  const { Attributes } = await aws.elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
  expect(Attributes).toContainEqual({ Key: 'client_keep_alive.seconds', Value: '3600' });
});

test('target groups and listeners have the attributes of their protocol', async () => {
  await using aws = await Embedded.start();
  const http = await aws.targetGroup();
  const tcp = await aws.targetGroup({ Name: 'tcp', Protocol: 'TCP' });
  const modify = (TargetGroupArn: string, Key: string, Value: string) =>
    aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: [{ Key, Value }] }));
  await modify(http, 'slow_start.duration_seconds', '30');
  expect(await refusal(modify(http, 'slow_start.duration_seconds', '29'))).toBe(invalid);
  expect(await refusal(modify(http, 'stickiness.app_cookie.cookie_name', 'AWSALB'))).toBe(invalid);
  expect(await refusal(modify(http, 'load_balancing.algorithm.type', 'weighted_random'))).toBe(invalid);
  expect(await refusal(modify(tcp, 'slow_start.duration_seconds', '30'))).toBe(invalid);
  expect(await refusal(modify(http, 'proxy_protocol_v2.enabled', 'true'))).toBe(invalid);
  const ListenerArn = await aws.listener(await aws.loadBalancer());
  const Attributes = [{ Key: 'routing.http.request.x_amzn_tls_version.header_name', Value: 'x' }];
  const rename = new ModifyListenerAttributesCommand({ ListenerArn, Attributes });
  expect(await refusal(aws.elb.send(rename))).toBe(invalid);
});
