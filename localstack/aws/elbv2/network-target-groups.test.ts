// docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html, target-group-health-checks.html,
// edit-target-group-attributes.html, load-balancer-limits.html
import {
  DescribeLoadBalancerAttributesCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from 'vitest';
import { refusal } from '../testing/client.ts';
import { Embedded, forward, present } from '../testing/embedded.ts';

const invalid = 'InvalidConfigurationRequestException';

async function healthCheck(aws: Embedded, input: object) {
  const arn = await aws.targetGroup({ Protocol: 'TCP', ...input });
  const { TargetGroups } = await aws.elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }));
  return present(TargetGroups?.[0]);
}

test.each([
  [
    {},
    { HealthCheckProtocol: 'TCP', HealthCheckTimeoutSeconds: 10, HealthyThresholdCount: 5, UnhealthyThresholdCount: 2 },
  ],
  [{ Protocol: 'UDP' }, { HealthCheckProtocol: 'TCP', HealthCheckIntervalSeconds: 30 }],
  [
    { HealthCheckProtocol: 'HTTP' },
    { HealthCheckTimeoutSeconds: 6, HealthCheckPath: '/', Matcher: { HttpCode: '200-399' } },
  ],
  [{ HealthCheckProtocol: 'HTTPS', Matcher: { HttpCode: '500-599' } }, { HealthCheckTimeoutSeconds: 10 }],
  [
    { TargetType: 'alb', Port: 80 },
    { HealthCheckProtocol: 'HTTP', Matcher: { HttpCode: '200-399' } },
  ],
])('a target group with %j is checked with %j', async (input, expected) => {
  await using aws = await Embedded.start();
  expect(await healthCheck(aws, input)).toMatchObject(expected);
});

test.each<[string, object]>([
  ['UDP health checks', { Protocol: 'UDP', HealthCheckProtocol: 'UDP' }],
  ['TCP health checks of a load balancer', { TargetType: 'alb', HealthCheckProtocol: 'TCP' }],
  ['a path of TCP health checks', { HealthCheckPath: '/' }],
  ['a load balancer as TLS target', { TargetType: 'alb', Protocol: 'TLS' }],
  ['disabled health checks', { HealthCheckEnabled: false }],
  ['a matcher of 600', { HealthCheckProtocol: 'HTTP', Matcher: { HttpCode: '600' } }],
])('a target group with %s is refused', async (_, input) => {
  await using aws = await Embedded.start();
  expect(await refusal(healthCheck(aws, input))).toBe('ValidationError');
});

test('health checks turn from TCP to HTTP and back', async () => {
  await using aws = await Embedded.start();
  const { TargetGroupArn } = await healthCheck(aws, {});
  const modify = async (HealthCheckProtocol: 'TCP' | 'HTTP', rest: object = {}) => {
    const command = new ModifyTargetGroupCommand({ TargetGroupArn, HealthCheckProtocol, ...rest });
    return present((await aws.elb.send(command)).TargetGroups?.[0]);
  };
  expect(await modify('HTTP', { HealthCheckPath: '/ready' })).toMatchObject({ HealthCheckPath: '/ready' });
  expect((await modify('TCP')).HealthCheckPath).toBeUndefined();
});

async function attributes(aws: Embedded, TargetGroupArn: string): Promise<Record<string, string>> {
  const { Attributes = [] } = await aws.elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
  return Object.fromEntries(Attributes.map(({ Key, Value }) => [Key, Value]));
}

test.each([
  [{ Protocol: 'TCP', TargetType: 'ip' }, 'false', 'false', 'true'],
  [{ Protocol: 'TLS', TargetType: 'ip' }, 'false', 'false', 'true'],
  [{ Protocol: 'TCP', TargetType: 'instance' }, 'true', 'false', 'true'],
  [{ Protocol: 'UDP', TargetType: 'ip' }, 'true', 'true', 'false'],
  [{ Protocol: 'TCP_UDP', TargetType: 'instance' }, 'true', 'true', 'false'],
])(
  'a group with %j: client address kept %s, drained connections cut %s, those to the unhealthy %s',
  async (input, keeps, cuts, unhealthy) => {
    await using aws = await Embedded.start();
    const { TargetGroupArn = '' } = await healthCheck(aws, input);
    const values = await attributes(aws, TargetGroupArn);
    expect(values['preserve_client_ip.enabled']).toBe(keeps);
    expect(values['deregistration_delay.connection_termination.enabled']).toBe(cuts);
    expect(values['target_health_state.unhealthy.connection_termination.enabled']).toBe(unhealthy);
    expect(values['stickiness.type']).toBe('source_ip');
  },
);

test('what the attributes exclude is refused', async () => {
  await using aws = await Embedded.start();
  const modify = (TargetGroupArn: string, ...pairs: readonly (readonly [string, string])[]) => {
    const Attributes = pairs.map(([Key, Value]) => ({ Key, Value }));
    return aws.elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
  };
  const tcp = await aws.targetGroup({ Name: 'tcp', Protocol: 'TCP' });
  const udp = await aws.targetGroup({ Name: 'udp', Protocol: 'UDP' });
  const termination = 'target_health_state.unhealthy.connection_termination.enabled';
  const interval = 'target_health_state.unhealthy.draining_interval_seconds';
  expect(await refusal(modify(udp, ['preserve_client_ip.enabled', 'false']))).toBe(invalid);
  expect(await refusal(modify(udp, [termination, 'true']))).toBe(invalid);
  expect(await refusal(modify(tcp, ['stickiness.type', 'lb_cookie']))).toBe(invalid);
  expect(await refusal(modify(tcp, [interval, '60']))).toBe(invalid);
  await modify(tcp, [termination, 'false'], [interval, '60']);
  expect(await refusal(modify(tcp, [termination, 'true']))).toBe(invalid);
});

test('a Network Load Balancer has attributes of its own, with cross-zone off', async () => {
  await using aws = await Embedded.start();
  const LoadBalancerArn = await aws.loadBalancer({ Type: 'network' });
  const modify = (Key: string, Value: string) =>
    aws.elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes: [{ Key, Value }] }));
  const { Attributes } = await aws.elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
  expect(Attributes).toContainEqual({ Key: 'load_balancing.cross_zone.enabled', Value: 'false' });
  expect(Attributes).toContainEqual({ Key: 'dns_record.client_routing_policy', Value: 'any_availability_zone' });
  await modify('load_balancing.cross_zone.enabled', 'true');
  expect(await refusal(modify('dns_record.client_routing_policy', 'nowhere'))).toBe(invalid);
  expect(await refusal(modify('idle_timeout.timeout_seconds', '60'))).toBe(invalid);
  await modify('secondary_ips.auto_assigned.per_subnet', '3');
  expect(await refusal(modify('secondary_ips.auto_assigned.per_subnet', '2'))).toBe(invalid);
});

test('the quotas of targets hold, a zone’s, and with cross-zone on for all zones together', async () => {
  const zone = 'targets-per-availability-zone-per-network-load-balancer';
  await using aws = await Embedded.start({ quotas: { 'targets-per-network-load-balancer': 3, [zone]: 2 } });
  const LoadBalancerArn = await aws.loadBalancer({ Type: 'network' });
  const TargetGroupArn = await aws.targetGroup({ Protocol: 'TCP' });
  await aws.listener(LoadBalancerArn, { Protocol: 'TCP', DefaultActions: forward(TargetGroupArn) });
  const register = (...ids: string[]) =>
    aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: ids.map((Id) => ({ Id })) }));
  const tooMany = 'TooManyTargetsException';
  expect(await refusal(register('10.0.48.9', '10.0.48.10', '10.0.48.11'))).toBe(tooMany);
  await register('10.0.48.9', '10.0.48.10');
  const Attributes = [{ Key: 'load_balancing.cross_zone.enabled', Value: 'true' }];
  await aws.elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }));
  expect(await refusal(register('10.0.64.9'))).toBe(tooMany);
});
